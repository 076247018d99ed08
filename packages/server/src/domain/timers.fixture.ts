import type { Clock } from './clock.ts';
import type { Timers } from './timers.ts';

/** A clock and timers that a test moves. */
export interface ManualTime extends Clock, Timers {
  /** Moves on, and runs what comes due, in its order, with what follows from it. */
  advance(milliseconds: number): Promise<void>;
}

export function createManualTime(start: number): ManualTime {
  let now = start;
  const due = new Set<{ readonly at: number; readonly run: () => void }>();
  return {
    now: () => now,
    after(milliseconds, run) {
      const entry = { at: now + milliseconds, run };
      due.add(entry);
      return () => void due.delete(entry);
    },
    async advance(milliseconds) {
      const end = now + milliseconds;
      await settle();
      for (;;) {
        const [next] = [...due].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at);
        if (next === undefined) break;
        due.delete(next);
        now = Math.max(now, next.at);
        next.run();
        await settle();
      }
      now = end;
    },
  };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
