import type { Clock } from './clock.ts';
import type { Timers } from './timers.ts';

/** When the clock of fake timers begins, unless another time is given. */
export const start = Date.UTC(2023, 11, 1, 12);

/** A clock and timers that a test moves. */
export interface FakeTimers extends Clock, Timers {
  /** Moves the clock on and runs what comes due, in its order, with what follows from it. */
  advance(milliseconds: number): Promise<void>;
  readonly waiting: () => number;
}

export function createFakeTimers(startsAt = start): FakeTimers {
  let now = startsAt;
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
      await turns();
      for (;;) {
        const [next] = [...due].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at);
        if (next === undefined) break;
        due.delete(next);
        now = Math.max(now, next.at);
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
