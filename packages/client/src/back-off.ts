import type { Environment } from './environment.ts';

export interface BackOffOptions {
  /** Milliseconds before the first repetition. */
  readonly initialMs: number;
  /** Milliseconds that no wait exceeds, unless the server asks for more. */
  readonly maxMs: number;
}

/**
 * Milliseconds to wait after so many failures in a row (1 and up): doubled each time and then anywhere in its upper
 * half, so that clients that failed together do not come back together. A `Retry-After` is a floor, with up to a tenth
 * more for the same reason.
 */
export function backOffDelay(
  failures: number,
  retryAfterSeconds: number | undefined,
  options: BackOffOptions,
  environment: Environment,
): number {
  const full = Math.min(options.maxMs, options.initialMs * 2 ** Math.min(failures - 1, 30));
  const jittered = full / 2 + (full / 2) * environment.random();
  if (retryAfterSeconds === undefined) return jittered;
  const asked = retryAfterSeconds * 1000;
  return Math.max(jittered, asked + (asked / 10) * environment.random());
}

/** A server that asks for more (or a proxy's nonsense, which would overflow a timer) is tried again after an hour. */
const maxRetryAfterSeconds = 3600;

/** Seconds of a `Retry-After` header, which is a number or an HTTP date; undefined when it is neither. */
export function parseRetryAfter(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  const text = header.trim();
  const seconds = /^[0-9]+$/.test(text) ? Number(text) : Math.ceil((Date.parse(text) - now) / 1000);
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(0, seconds), maxRetryAfterSeconds);
}
