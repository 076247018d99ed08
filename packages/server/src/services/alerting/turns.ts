import type { Timers } from '../../domain/timers.ts';

export interface TurnsOptions {
  /** Must not reject. */
  readonly turn: () => Promise<void>;
  readonly timers: Timers;
  /** Milliseconds after which there is a turn although no tick came. */
  readonly longestPauseMs: number;
  /** Calls the listener at each tick until the answer is called. */
  readonly onTick: (listener: () => void) => () => void;
}

export interface Turns {
  start(): void;
  /** Resolves when the turn under way is done; there is none after it. */
  stop(): Promise<void>;
}

/**
 * Makes turns, one at a time: at once, at each tick, and a while after the last one where no tick comes. Ticks that come
 * while a turn is under way are answered by one more turn after it.
 */
export function createTurns({ turn, timers, longestPauseMs, onTick }: TurnsOptions): Turns {
  let underWay: Promise<void> | null = null;
  let isWanted = false;
  let isStopped = false;
  let cancelTimer = (): void => {};
  let unsubscribe = (): void => {};

  const run = (): void => {
    cancelTimer();
    isWanted = false;
    underWay = turn().finally(() => {
      underWay = null;
      if (isStopped) return;
      if (isWanted) run();
      else cancelTimer = timers.after(longestPauseMs, run);
    });
  };
  const wanted = (): void => {
    if (underWay === null) run();
    else isWanted = true;
  };

  return {
    start() {
      unsubscribe = onTick(wanted);
      wanted();
    },
    async stop() {
      isStopped = true;
      unsubscribe();
      cancelTimer();
      await underWay;
    },
  };
}
