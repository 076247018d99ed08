import type { ShapeName } from './shapes.ts';

/** A defect, and what brings it to light. */
export interface Mutant {
  readonly name: string;
  readonly shape: ShapeName;
  /** Faults that bring the defect to light, by their names. */
  readonly faults: readonly string[];
  readonly kills?: number;
  readonly seconds?: number;
  /** A compiled file of the server, and what is changed in it; the text must be there exactly once. */
  readonly file: string;
  readonly replace: readonly (readonly [string, string])[];
  /** What the run must say. */
  readonly shows: RegExp;
}
