import type { EngineSession } from './session.ts';

/** No session became free in the allowed time, or too many statements wait for one. */
export class TooManyStatementsError extends Error {}

interface Waiter {
  readonly take: (session: EngineSession) => void;
}

/** Sessions of one kind and the queue of statements that wait for one, first come, first served. */
export class SessionPool {
  readonly #idle: EngineSession[];
  readonly #waiting: Waiter[] = [];
  readonly #maxWaiting: number;

  constructor(sessions: readonly EngineSession[], maxWaiting: number) {
    this.#idle = [...sessions];
    this.#maxWaiting = maxWaiting;
  }

  /** Runs `work` with a session of its own; a signal that fires while it waits takes it out of the queue. */
  async use<T>(signal: AbortSignal, work: (session: EngineSession) => Promise<T>): Promise<T> {
    const session = await this.#take(signal);
    try {
      return await work(session);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#idle.push(session);
      else next.take(session);
    }
  }

  #take(signal: AbortSignal): Promise<EngineSession> {
    signal.throwIfAborted();
    const session = this.#idle.pop();
    if (session !== undefined) return Promise.resolve(session);
    if (this.#waiting.length >= this.#maxWaiting) {
      throw new TooManyStatementsError(`Too many statements wait: ${this.#waiting.length}`);
    }
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal.reason);
      };
      const waiter: Waiter = {
        take: (given) => {
          signal.removeEventListener('abort', leave);
          resolve(given);
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(waiter);
    });
  }
}
