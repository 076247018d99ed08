import type { Log } from './domain/log.ts';

/**
 * What was started and has to be stopped: a stack with a name for each entry, run once, last in first out.
 *
 * A part that was started while the run was on (a start that a signal interrupted) is stopped by the same run; one that
 * is pushed after it has ended is stopped at once.
 */
export interface Teardown {
  push(name: string, stop: () => unknown): void;
  /** Whether the run has begun: a start under way should not go on. */
  readonly begun: boolean;
  /**
   * Stops everything, within about so many milliseconds: a part that hangs or fails is logged and passed over, so that
   * those below it still get their turn. Called again, it answers like the first time.
   */
  run(deadlineMs: number): Promise<TeardownReport>;
}

export interface TeardownReport {
  /** Names of the parts whose stop failed. */
  readonly failed: readonly string[];
  /** Names of the parts that had not stopped when their time was over. */
  readonly late: readonly string[];
}

interface Entry {
  readonly name: string;
  readonly stop: () => unknown;
}

/** Milliseconds that are kept for each part further down, as far as the deadline has them. */
const reserveMs = 500;

export function createTeardown(log: Log): Teardown {
  const entries: Entry[] = [];
  let running: Promise<TeardownReport> | null = null;
  let ended = false;

  async function stopAll(deadlineMs: number): Promise<TeardownReport> {
    const failed: string[] = [];
    const late: string[] = [];
    const report = { failed, late };
    let left = deadlineMs;
    for (let entry = entries.pop(); entry !== undefined; entry = entries.pop()) {
      const { name } = entry;
      const reserved = Math.min(entries.length * reserveMs, left / 2);
      const startedAt = performance.now();
      const outcome = await within(left - reserved, entry.stop);
      const durationMs = Math.round(performance.now() - startedAt);
      left = Math.max(0, left - durationMs);
      if (outcome === 'stopped') log.debug('Stopped', { part: name, duration_ms: durationMs });
      else if (outcome === 'late') {
        late.push(name);
        log.error('A part did not stop in time', { part: name, duration_ms: durationMs });
      } else {
        failed.push(name);
        log.error('A part failed to stop', { part: name, error: outcome.failure });
      }
    }
    ended = true;
    return report;
  }

  return {
    get begun() {
      return running !== null;
    },
    push(name, stop) {
      entries.push({ name, stop });
      if (ended) running = stopAll(reserveMs);
    },
    run(deadlineMs) {
      running ??= stopAll(deadlineMs);
      return running;
    },
  };
}

type Outcome = 'stopped' | 'late' | { readonly failure: unknown };

function within(ms: number, stop: () => unknown): Promise<Outcome> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve('late'), ms);
    const done = (outcome: Outcome): void => {
      clearTimeout(timer);
      resolve(outcome);
    };
    new Promise((stopped) => stopped(stop())).then(
      () => done('stopped'),
      (failure: unknown) => done({ failure }),
    );
  });
}

/** Runs a start that pushes each part as soon as it is up; when it fails, stops those parts and rethrows. */
export async function startWithTeardown<T>(
  teardown: Teardown,
  deadlineMs: number,
  start: (teardown: Teardown) => Promise<T>,
): Promise<T> {
  try {
    return await start(teardown);
  } catch (error) {
    await teardown.run(deadlineMs);
    throw error;
  }
}
