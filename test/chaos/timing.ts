export const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Milliseconds of a clock that nobody sets. */
export const now = (): number => performance.now();

/** Rejects when the work is not done in so many milliseconds; the work itself goes on. */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${Math.round(ms / 1000)} s`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks until the answer is true; false when it is not in so many milliseconds. */
export async function until(
  ms: number,
  isTrue: () => boolean | Promise<boolean>,
  everyMs = 50,
): Promise<boolean> {
  const deadline = now() + ms;
  for (;;) {
    if (await isTrue()) return true;
    if (now() > deadline) return false;
    await wait(everyMs);
  }
}
