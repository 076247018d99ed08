import type { Timers } from './timers.ts';

/** When the clock of fake timers begins. */
export const start = Date.UTC(2023, 11, 1, 12);

export interface FakeTimers extends Timers {
  /** Moves the clock on and runs what has come due, in its order. */
  advance(milliseconds: number): Promise<void>;
  now(): number;
  readonly waiting: () => number;
}

export function createFakeTimers(): FakeTimers {
  let now = start;
  const due = new Set<{ readonly at: number; readonly run: () => void }>();
  return {
    now: () => now,
    waiting: () => due.size,
    after(milliseconds, run) {
      const entry = { at: now + milliseconds, run };
      due.add(entry);
      return () => void due.delete(entry);
    },
    async advance(milliseconds) {
      const end = now + milliseconds;
      for (;;) {
        const [next] = [...due].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at);
        if (next === undefined) break;
        due.delete(next);
        now = next.at;
        next.run();
        await turns();
      }
      now = end;
    },
  };
}

/** Lets everything run that waits for nothing but turns of the event loop. */
export async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
