export interface RateLimitDecision {
  readonly allowed: boolean;
  /** Requests that may be used in a window, burst included. */
  readonly limit: number;
  readonly remaining: number;
  /** Seconds since the epoch at which the window ends. */
  readonly resetAt: number;
}

/** Gives a concurrent place back; more than once is no harm. */
export type Release = () => void;

/**
 * Counts uses by key in fixed windows of one minute that start with the minute of the clock. A refused use is not
 * counted. Limits hold over all processes that share the engine. `take` and `acquire` never reject: while the engine is
 * away, and within a moment of its going, each process limits by itself.
 */
export interface RateLimiter {
  /** Uses `cost` of `limit` for the key, when there is as much left. */
  take(key: string, limit: number, cost?: number): RateLimitDecision | Promise<RateLimitDecision>;
  /**
   * Takes a concurrent place (of `limit`) for the key until it is released; null when there is none. The places of a
   * process that dies come free within half a minute.
   */
  acquire(key: string, limit: number): Release | null | Promise<Release | null>;
  /** Resolves while limits hold over all processes; `ServiceUnavailable` while each limits by itself. */
  ping(): Promise<void>;
  /** Gives all places back. */
  close(): Promise<void>;
}
