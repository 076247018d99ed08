import { type BackOffOptions, backOffDelay } from './back-off.ts';
import { delay, type Environment } from './environment.ts';

/*
 * What all senders of one client pass before each request, so that they back off together:
 *
 *   open      every sender passes.
 *   blocked   after a failure: nobody passes until the wait is over.
 *   probing   the wait is over: one sender passes, the others wait for what it finds. Success opens the gate, failure
 *             blocks it for longer.
 */
export class Gate {
  readonly #environment: Environment;
  readonly #backOff: BackOffOptions;
  /** Failures in a row; 0 is open. */
  #failures = 0;
  #blockedUntil = 0;
  #probing = false;
  #waiting: (() => void)[] = [];

  constructor(environment: Environment, backOff: BackOffOptions) {
    this.#environment = environment;
    this.#backOff = backOff;
  }

  /** Resolves when the caller may send (false when the signal was aborted before). */
  async pass(signal: AbortSignal): Promise<boolean> {
    while (!signal.aborted) {
      if (this.#failures === 0) return true;
      const waitMs = this.#blockedUntil - this.#environment.now();
      if (waitMs > 0) await delay(this.#environment, waitMs, signal);
      else if (this.#probing) await this.#change(signal);
      else {
        this.#probing = true;
        return true;
      }
    }
    return false;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#settle();
  }

  /** Blocks the gate, for at least `minimumMs` when given. Requests that fail together count as one failure. */
  failed(retryAfterSeconds?: number, minimumMs = 0): void {
    const now = this.#environment.now();
    if (now >= this.#blockedUntil) this.#failures += 1;
    const waitMs = backOffDelay(this.#failures, retryAfterSeconds, this.#backOff, this.#environment);
    this.#blockedUntil = Math.max(this.#blockedUntil, now + Math.max(waitMs, minimumMs));
    this.#settle();
  }

  /** The caller gave up without an answer. */
  abandoned(): void {
    this.#settle();
  }

  #settle(): void {
    this.#probing = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener('abort', wake);
        resolve();
      };
      signal.addEventListener('abort', wake, { once: true });
      this.#waiting.push(wake);
    });
  }
}
