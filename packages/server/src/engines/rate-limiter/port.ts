export interface RateLimitDecision {
  readonly allowed: boolean;
  /** Requests that may be used in a window, burst included. */
  readonly limit: number;
  readonly remaining: number;
  /** Seconds since the epoch at which the window ends. */
  readonly resetAt: number;
}

/**
 * Counts uses by key in fixed windows of one minute that start with the minute of the clock. A refused use is not
 * counted. Never rejects: an engine that is away falls back to counting in the process.
 */
export interface RateLimiter {
  /** Uses `cost` of `limit` for the key, when there is as much left. */
  take(key: string, limit: number, cost?: number): RateLimitDecision | Promise<RateLimitDecision>;
  /** Takes a concurrent place (of `limit`) for the key until it is released; null when there is none. */
  acquire(key: string, limit: number): (() => void) | null;
  close(): Promise<void>;
}
