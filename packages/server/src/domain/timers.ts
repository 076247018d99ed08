/** Waiting, as given to what waits, so that tests can drive it. */
export interface Timers {
  /** Calls `run` once after the time; the answer cancels it. */
  after(milliseconds: number, run: () => void): () => void;
}

export const systemTimers: Timers = {
  after(milliseconds, run) {
    const timer = setTimeout(run, milliseconds);
    return () => clearTimeout(timer);
  },
};
