/** So many lines of one kind are written within a window; the others are counted. */
const linesInWindow = 20;
const windowMs = 10_000;
/** Kinds that are told apart in a window. Messages are constants, so that only a mistake makes more; those are written. */
const mostKinds = 1000;

export interface Repeats {
  /**
   * Whether a line of this kind may be written now. When not, it is counted, and at the end of the window
   * `tellRepeats` is called, of the first that was not written, with how many were left out.
   */
  mayTell(kind: string, tellRepeats: (count: number, seconds: number) => void): boolean;
}

/** Keeps a message that comes thousands of times a second from filling the log, and tells how often it came. */
export function createRepeats(after: (milliseconds: number, run: () => void) => void): Repeats {
  const written = new Map<string, number>();
  const leftOut = new Map<
    string,
    { count: number; readonly tell: (count: number, seconds: number) => void }
  >();

  const endWindow = (): void => {
    written.clear();
    const counted = [...leftOut.values()];
    leftOut.clear();
    for (const { count, tell } of counted) tell(count, windowMs / 1000);
  };

  return {
    mayTell(kind, tell) {
      const before = written.get(kind) ?? 0;
      if (before === 0 && written.size >= mostKinds) return true;
      if (written.size === 0) after(windowMs, endWindow);
      if (before < linesInWindow) {
        written.set(kind, before + 1);
        return true;
      }
      const counted = leftOut.get(kind);
      if (counted === undefined) leftOut.set(kind, { count: 1, tell });
      else counted.count += 1;
      return false;
    },
  };
}
