/** Waiting times between tries: each twice the one before, half of it by chance so that many do not try in step. */
export interface BackOff {
  /** The next waiting time, milliseconds. */
  next(): number;
}

export interface BackOffOptions {
  /** Upper bound of the first waiting time, milliseconds. */
  readonly firstMs: number;
  /** Upper bound of every waiting time, milliseconds. */
  readonly maxMs: number;
  /** A number from 0 up to and without 1. */
  readonly random: () => number;
}

export function createBackOff({ firstMs, maxMs, random }: BackOffOptions): BackOff {
  let bound = firstMs;
  return {
    next() {
      const wait = bound / 2 + (random() * bound) / 2;
      bound = Math.min(maxMs, bound * 2);
      return wait;
    },
  };
}

/** Resolves after the time, or as soon as the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
