import type { Clock } from '../../../domain/clock.ts';
import { unavailable } from '../../../domain/errors.ts';
import type { Log } from '../../../domain/log.ts';
import { createMemoryRateLimiter } from '../memory.ts';
import type { RateLimitDecision, RateLimiter } from '../port.ts';
import { Places } from './places.ts';
import { createRedisClient } from './redis-client.ts';
import { RedisLink } from './redis-link.ts';

export interface RedisRateLimiterOptions {
  /** `redis://user:password@host:port/database`, or `rediss://` for TLS. */
  readonly url: string;
  readonly clock: Clock;
  readonly log: Log;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** Makes names that no other process makes. */
  readonly newId: () => string;
  readonly observer: RateLimiterObserver;
  /** Put before every key, so that installations can share a server. `streamflow:` unless given. */
  readonly prefix?: string;
  /** Longest time that a decision waits for Redis before it is made here, milliseconds. 250 unless given. */
  readonly timeoutMs?: number;
  /** About the time between attempts to reach Redis again, milliseconds. 1000 unless given. */
  readonly retryMs?: number;
  /** Time after which the places of a process that died are free, milliseconds. 30,000 unless given. */
  readonly leaseMs?: number;
}

export interface RateLimiterObserver {
  /** Whether limits hold for this process alone from now on. */
  onFallback(active: boolean): void;
  /** A decision was made here, for want of an answer. */
  onFallbackDecision(): void;
}

const windowMs = 60_000;

/**
 * Limits over all processes that use the same Redis and prefix. A decision is one atomic script in one round trip;
 * those of the same moment share a packet. While Redis is away the limits hold for each process by itself, with counts
 * that begin at nought: at each change a window may be used twice.
 *
 * Resolves also when Redis cannot be reached, after the first attempt.
 */
export async function openRedisRateLimiter(options: RedisRateLimiterOptions): Promise<RateLimiter> {
  const { url, clock, log, observer, prefix = 'streamflow:', timeoutMs = 250 } = options;
  const alone = createMemoryRateLimiter({ clock });
  const link = new RedisLink({
    connect: () => createRedisClient(url, 10 * timeoutMs),
    // A server that is read-only or out of memory answers a ping all the same.
    probe: (client) => client.take(`${prefix}rate:probe`, Number.MAX_SAFE_INTEGER, 1),
    timeoutMs,
    retryMs: options.retryMs ?? 1000,
    random: options.random,
    log,
    onChange(up) {
      observer.onFallback(!up);
      if (!up) return;
      log.info('Rate limits are shared through Redis');
      places.renew();
    },
  });
  const places = new Places({
    link,
    prefix,
    holder: options.newId(),
    leaseMs: options.leaseMs ?? 30_000,
  });

  const takeAlone = (
    key: string,
    limit: number,
    cost: number,
  ): RateLimitDecision | Promise<RateLimitDecision> => {
    observer.onFallbackDecision();
    return alone.take(key, limit, cost);
  };
  const takeShared = async (key: string, limit: number, cost: number): Promise<RateLimitDecision> => {
    const window = Math.floor(clock.now() / windowMs);
    const reply = await link.ask((client) => client.take(`${prefix}rate:${key}:${window}`, limit, cost));
    if (reply === null) return takeAlone(key, limit, cost);
    const used = reply < 0 ? -1 - reply : reply;
    return {
      allowed: reply >= 0,
      limit,
      remaining: Math.max(0, limit - used),
      resetAt: ((window + 1) * windowMs) / 1000,
    };
  };

  observer.onFallback(true);
  await link.connect();
  return {
    take: (key, limit, cost = 1) => (link.up ? takeShared(key, limit, cost) : takeAlone(key, limit, cost)),
    acquire: (key, limit) => places.acquire(key, limit),
    async ping() {
      if ((await link.ask((client) => client.ping())) === null)
        throw unavailable('Redis is away: each process limits by itself');
    },
    async close() {
      await places.close();
      link.close();
    },
  };
}
