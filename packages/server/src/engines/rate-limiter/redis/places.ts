import type { Release } from '../port.ts';
import type { RedisLink } from './redis-link.ts';

export interface PlacesOptions {
  readonly link: RedisLink;
  /** Put before every key. */
  readonly prefix: string;
  /** Names this process among those that share the server. */
  readonly holder: string;
  /** Time after which the places of a process that died are free, milliseconds. */
  readonly leaseMs: number;
}

/** So many keys are renewed in one go, that renewing never holds up the decisions between. */
const renewedTogether = 100;

/**
 * Concurrent places that all processes share. Each is leased and renewed in time, so that those of a process that died
 * come free. What this process holds is known here as well: while Redis is away that alone is counted, and when it is
 * back it is told.
 */
export class Places {
  readonly #options: PlacesOptions;
  readonly #held = new Map<string, Set<string>>();
  readonly #renewal: NodeJS.Timeout;
  #made = 0;
  #renewing: Promise<void> = Promise.resolve();

  constructor(options: PlacesOptions) {
    this.#options = options;
    this.#renewal = setInterval(() => this.renew(), options.leaseMs / 3);
    this.#renewal.unref();
  }

  acquire(key: string, limit: number): Release | null | Promise<Release | null> {
    const { link, holder, leaseMs } = this.#options;
    const held = this.#held.get(key) ?? new Set();
    if (held.size >= limit) return null;
    const place = `${holder}:${++this.#made}`;
    held.add(place);
    this.#held.set(key, held);
    if (!link.up) return () => this.#release(key, place);
    return this.#ask(key, limit, leaseMs, place);
  }

  /** Holds on to all places; also called when Redis is back. */
  renew(): void {
    this.#renewing = this.#renewing.then(() => this.#renewAll());
  }

  async close(): Promise<void> {
    clearInterval(this.#renewal);
    const { link } = this.#options;
    await Promise.all(
      [...this.#held].map(([key, places]) => link.ask((client) => client.zRem(this.#name(key), [...places]))),
    );
    this.#held.clear();
  }

  async #ask(key: string, limit: number, leaseMs: number, place: string): Promise<Release | null> {
    const taken = await this.#options.link.ask((client) =>
      client.acquire(this.#name(key), limit, leaseMs, place),
    );
    if (taken === 0) {
      this.#forget(key, place);
      return null;
    }
    // Without an answer the place counts here; when Redis has it after all, it is renewed and given back like any.
    return () => this.#release(key, place);
  }

  #release(key: string, place: string): void {
    if (!this.#forget(key, place)) return;
    // When Redis is away the lease ends by itself, as nobody renews it.
    void this.#options.link.ask((client) => client.zRem(this.#name(key), place));
  }

  #forget(key: string, place: string): boolean {
    const held = this.#held.get(key);
    if (held?.delete(place) !== true) return false;
    if (held.size === 0) this.#held.delete(key);
    return true;
  }

  async #renewAll(): Promise<void> {
    const { link, leaseMs } = this.#options;
    const keys = [...this.#held.keys()];
    for (let start = 0; start < keys.length && link.up; start += renewedTogether) {
      await Promise.all(
        keys.slice(start, start + renewedTogether).map((key) => {
          // What was released since then must not come back.
          const places = [...(this.#held.get(key) ?? [])];
          return places.length === 0
            ? null
            : link.ask((client) => client.renew(this.#name(key), leaseMs, places));
        }),
      );
    }
  }

  #name(key: string): string {
    return `${this.#options.prefix}places:${key}`;
  }
}
