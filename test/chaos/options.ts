import { parseArgs } from 'node:util';
import { isShapeName, type ShapeName, shapes } from './shapes.ts';

export interface RunOptions {
  readonly shapes: readonly ShapeName[];
  /** Parts of names of faults; all when empty. */
  readonly only: readonly string[];
  /** The short form: few faults, each brief. */
  readonly short: boolean;
  /** How long faults last, seconds; each its own time when null. */
  readonly seconds: number | null;
  /** Kills of each fault that kills. */
  readonly kills: number;
  /** Events that each shape is sent at least. */
  readonly events: number;
  readonly seed: number;
  /** Milliseconds in which what a fault brought down must be back, and what was sent be answered and stored. */
  readonly patienceMs: number;
  /** Run the mutants instead. */
  readonly prove: boolean;
  /** Where the table is written; null for nowhere. */
  readonly results: string | null;
}

export class UsageError extends Error {}

export const usage = `npm run chaos -- [options]

  --shape NAME     ${Object.keys(shapes).join(', ')}; repeatable, all unless given
  --only TEXT      faults whose name has this in it; repeatable
  --seconds N      how long a fault lasts (each its own time unless given)
  --kills N        kills of each fault that kills
  --events N       events that each shape is sent at least
  --seed N         another sequence of kills
  --short          the short form, which npm test runs
  --prove          builds with one defect each: the run must fail on every one
  --results DIR    writes the table there
`;

export function readOptions(args: readonly string[]): RunOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      shape: { type: 'string', multiple: true, default: [] },
      only: { type: 'string', multiple: true, default: [] },
      seconds: { type: 'string' },
      kills: { type: 'string' },
      events: { type: 'string', default: '0' },
      seed: { type: 'string', default: '1' },
      short: { type: 'boolean', default: false },
      prove: { type: 'boolean', default: false },
      results: { type: 'string' },
    },
  });
  const number = (name: string, text: string): number => {
    const value = Number(text);
    if (!Number.isFinite(value) || value < 0) throw new UsageError(`--${name} must be a number, not ${text}`);
    return value;
  };
  const unknown = values.shape.filter((name) => !isShapeName(name));
  if (unknown.length > 0) throw new UsageError(`No such shape: ${unknown.join(', ')}`);
  const chosen = values.shape.filter(isShapeName);
  return {
    shapes: chosen.length > 0 ? chosen : Object.keys(shapes).filter(isShapeName),
    only: values.only,
    short: values.short,
    seconds: values.seconds !== undefined ? number('seconds', values.seconds) : values.short ? 2 : null,
    kills: number('kills', values.kills ?? (values.short ? '2' : '8')),
    events: number('events', values.events),
    seed: number('seed', values.seed),
    patienceMs: values.short || values.prove ? 90_000 : 180_000,
    prove: values.prove,
    results: values.results ?? null,
  };
}
