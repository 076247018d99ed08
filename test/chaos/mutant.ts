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

/** The text with the defect in it; what does not apply exactly once proves nothing and is an error. */
export function mutate({ name, file, replace }: Mutant, original: string): string {
  let text = original;
  for (const [from, to] of replace) {
    const found = text.split(from).length - 1;
    if (found !== 1) throw new Error(`${name}: ${file} has ${found} times, and not once: ${from}`);
    text = text.replace(from, () => to);
  }
  return text;
}
