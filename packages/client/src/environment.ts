/** What the SDK needs from the outside: time, timers and randomness. Tests give their own. */
export interface Environment {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Calls once after so many milliseconds; the result cancels it. */
  schedule(callback: () => void, delayMs: number): () => void;
  /** At least 0, less than 1. */
  random(): number;
  /** Fills the bytes with cryptographic randomness. */
  randomBytes(target: Uint8Array<ArrayBuffer>): void;
}

export const systemEnvironment: Environment = {
  now: () => Date.now(),
  schedule: (callback, delayMs) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
  randomBytes: (target) => {
    crypto.getRandomValues(target);
  },
};

/** Resolves after the delay, or as soon as the signal is aborted. */
export function delay(environment: Environment, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const finish = (): void => {
      cancel();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = environment.schedule(finish, delayMs);
    signal.addEventListener('abort', finish);
  });
}
