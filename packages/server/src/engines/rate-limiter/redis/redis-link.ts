import { unavailable } from '../../../domain/errors.ts';
import type { Log } from '../../../domain/log.ts';
import type { RedisClient } from './redis-client.ts';

export interface RedisLinkOptions {
  /** Makes a client that is not connected. */
  readonly connect: () => RedisClient;
  /** Asks what a client must be able to do before it is trusted; rejects when it is not. */
  readonly probe: (client: RedisClient) => Promise<unknown>;
  /** Longest time that an answer is waited for, milliseconds. */
  readonly timeoutMs: number;
  /** Time from one attempt to connect to the next, milliseconds, give or take a half. */
  readonly retryMs: number;
  readonly random: () => number;
  readonly log: Log;
  /** The server became usable, or ceased to be; not told of the first attempt when that fails. */
  readonly onChange: (up: boolean) => void;
}

/*
 *   connecting ── probe answered ──> up ── an error, or no answer in time ──> waiting
 *       ^   └──────────── an error, or no answer in time ───────────────────────┘ │
 *       └──────────────────────────── after retryMs ──────────────────────────────┘
 *
 * A client lives from `connecting` to its first failure and is then destroyed: what the server does with commands that
 * were sent by then is unknown, and a link that drops packets silently is found out by a new connection alone. Only
 * `up` sends commands; in every other state a question is answered `null` at once. `close` leads out of all states.
 */

/** One connection to Redis that nothing waits for longer than a moment. */
export class RedisLink {
  readonly #options: RedisLinkOptions;
  /** Questions without an answer yet, oldest first. */
  readonly #questions = new Set<{ readonly asked: number; readonly giveUp: () => void }>();
  #client: RedisClient | null = null;
  #up = false;
  #closed = false;
  #retry: NodeJS.Timeout | undefined;
  #watch: NodeJS.Timeout | undefined;
  #reported = false;

  constructor(options: RedisLinkOptions) {
    this.#options = options;
  }

  get up(): boolean {
    return this.#up;
  }

  /** Makes the first attempt; resolves when it is over, whether it led to anything or not. */
  async connect(): Promise<void> {
    const client = this.#options.connect();
    this.#client = client;
    // Failures of commands are told by these, too; this one covers a connection that ends while nothing is asked.
    client.on('error', (error: unknown) => this.#fail(client, error));
    const late = setTimeout(
      () => this.#fail(client, unavailable('Redis does not answer')),
      // A host name, a TLS handshake and a password come before the first answer.
      10 * this.#options.timeoutMs,
    );
    try {
      await client.connect();
      await this.#options.probe(client);
      if (this.#client === client) this.#rise();
    } catch (error) {
      this.#fail(client, error);
    } finally {
      clearTimeout(late);
    }
  }

  /** Sends a command; null when the server is away or becomes it over this. Never rejects. */
  ask<Reply>(send: (client: RedisClient) => Promise<Reply>): Promise<Reply | null> {
    const client = this.#client;
    if (client === null || !this.#up) return Promise.resolve(null);
    return new Promise((resolve) => {
      const question = { asked: performance.now(), giveUp: () => resolve(null) };
      this.#questions.add(question);
      this.#watch ??= setTimeout(this.#look, this.#options.timeoutMs);
      send(client).then(
        (reply) => {
          this.#questions.delete(question);
          resolve(reply);
        },
        (error: unknown) => this.#fail(client, error),
      );
    });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#drop();
  }

  /** Answers that came in while this process was busy are read first: the delay was ours and not the server's. */
  readonly #look = (): void => {
    setImmediate(() => {
      this.#watch = undefined;
      const [oldest] = this.#questions;
      const client = this.#client;
      if (oldest === undefined || client === null) return;
      const left = oldest.asked + this.#options.timeoutMs - performance.now();
      if (left > 0) this.#watch = setTimeout(this.#look, Math.ceil(left));
      else this.#fail(client, unavailable('Redis does not answer'));
    });
  };

  #rise(): void {
    this.#up = true;
    this.#reported = false;
    this.#options.onChange(true);
  }

  #fail(client: RedisClient, error: unknown): void {
    if (this.#client !== client) return;
    const { log, random, retryMs, onChange } = this.#options;
    const wasUp = this.#up;
    this.#drop();
    if (this.#closed) return;
    if (!this.#reported) log.warning('Redis is away', { error });
    this.#reported = true;
    this.#retry = setTimeout(() => void this.connect(), retryMs * (0.5 + random()));
    if (wasUp) onChange(false);
  }

  #drop(): void {
    const client = this.#client;
    this.#client = null;
    this.#up = false;
    clearTimeout(this.#watch);
    this.#watch = undefined;
    for (const question of this.#questions) question.giveUp();
    this.#questions.clear();
    client?.destroy();
  }
}
