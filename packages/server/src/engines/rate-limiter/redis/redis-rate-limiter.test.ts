import { randomUUID } from 'node:crypto';
import { createClient } from '@redis/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../domain/clock.ts';
import { silentLog } from '../../../domain/log.ts';
import { describeWithServer } from '../../reachable.fixture.ts';
import { startTcpProxy, type TcpProxy } from '../../tcp-proxy.fixture.ts';
import type { RateLimiter } from '../port.ts';
import { rateLimiterContract } from '../rate-limiter.contract.ts';
import { openRedisRateLimiter, type RedisRateLimiterOptions } from './redis-rate-limiter.ts';

const url = process.env.TEST_REDIS_URL ?? 'redis://127.0.0.1:6379';
const silentObserver = { onFallback: () => {}, onFallbackDecision: () => {} };
const open = (options: Partial<RedisRateLimiterOptions>) =>
  openRedisRateLimiter({
    url,
    clock: systemClock,
    log: silentLog,
    random: Math.random,
    newId: randomUUID,
    observer: silentObserver,
    // A busy machine is no reason to count alone.
    timeoutMs: 5000,
    ...options,
  });

/** Nothing listens on the port of "discard". */
rateLimiterContract('Redis, never there', (clock) => open({ clock, url: 'redis://127.0.0.1:9' }));

await describeWithServer('Redis', url, 6379, () => {
  const prefix = `streamflow-test-${randomUUID()}:`;
  rateLimiterContract('Redis', (clock) => open({ clock, prefix }));

  describe('limits in Redis', () => {
    const frozen = { now: () => 1_700_000_040_000 };
    const opened: RateLimiter[] = [];
    let proxy: TcpProxy;
    let events: { fallback: boolean; alone: number };

    const replica = async (options: Partial<RedisRateLimiterOptions> = {}): Promise<RateLimiter> => {
      const limiter = await open({ clock: frozen, prefix, ...options });
      opened.push(limiter);
      return limiter;
    };
    const throughProxy = (options: Partial<RedisRateLimiterOptions> = {}): Promise<RateLimiter> =>
      replica({
        url: `redis://${proxy.host}:${proxy.port}`,
        retryMs: 50,
        observer: {
          onFallback: (active) => {
            events.fallback = active;
          },
          onFallbackDecision: () => {
            events.alone += 1;
          },
        },
        ...options,
      });
    const back = () => expect.poll(() => events.fallback, { timeout: 5000, interval: 10 }).toBe(false);

    beforeEach(async () => {
      const { hostname, port } = new URL(url);
      proxy = await startTcpProxy({ host: hostname, port: Number(port || 6379) });
      events = { fallback: false, alone: 0 };
    });
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((limiter) => limiter.close()));
      await proxy.close();
    });

    it('counts over all replicas, exactly, when they ask at once', async () => {
      const key = randomUUID();
      const replicas = await Promise.all([replica(), replica(), replica()]);
      const decisions = await Promise.all(
        Array.from({ length: 300 }, (_, n) => replicas[n % 3]?.take(key, 100)),
      );
      expect(decisions.filter((decision) => decision?.allowed)).toHaveLength(100);
      expect(await replicas[0].take(key, 100)).toMatchObject({ allowed: false, remaining: 0 });
    });

    it('keeps installations with another prefix apart', async () => {
      const key = randomUUID();
      const other = await replica({ prefix: `${prefix}other:` });
      expect(await (await replica()).take(key, 1)).toMatchObject({ allowed: true });
      expect(await other.take(key, 1)).toMatchObject({ allowed: true });
    });

    it('lets no count live on in the server', async () => {
      const key = randomUUID();
      const limiter = await replica();
      await limiter.take(key, 5);
      await limiter.acquire(key, 5);
      const client = createClient({ url });
      await client.connect();
      const keys = await client.keys(`${prefix}*${key}*`);
      expect(keys).toHaveLength(2);
      for (const name of keys) {
        const left = await client.pTTL(name);
        expect(left).toBeGreaterThan(0);
        expect(left).toBeLessThanOrEqual(180_000);
      }
      client.destroy();
    });

    it('shares places between replicas, and gives back those of a replica that closes', async () => {
      const key = randomUUID();
      const [one, other] = [await replica(), await replica()];
      expect(await one.acquire(key, 2)).not.toBeNull();
      const release = await other.acquire(key, 2);
      expect(await one.acquire(key, 2)).toBeNull();
      expect(await other.acquire(key, 2)).toBeNull();
      release?.();
      const again = await one.acquire(key, 2);
      expect(again).not.toBeNull();
      await one.close();
      expect(await other.acquire(key, 2)).not.toBeNull();
      expect(await other.acquire(key, 2)).not.toBeNull();
      expect(await other.acquire(key, 2)).toBeNull();
    });

    it('holds places while their process lives, and frees those of one that died when their lease ends', async () => {
      const key = randomUUID();
      const leaseMs = 600;
      const dying = await throughProxy({ leaseMs, retryMs: 60_000 });
      const living = await replica({ leaseMs });
      expect(await dying.acquire(key, 2)).not.toBeNull();
      expect(await living.acquire(key, 2)).not.toBeNull();
      // A process that is cut off renews no more than one that died.
      proxy.refuse();
      expect(await living.acquire(key, 2)).toBeNull();
      await new Promise((resolve) => setTimeout(resolve, 2.5 * leaseMs));
      expect(await living.acquire(key, 2)).not.toBeNull();
      expect(await (await replica()).acquire(key, 2)).toBeNull();
    });

    it('limits by itself while Redis is gone, says so, and shares again when it is back', async () => {
      const key = randomUUID();
      const limiter = await throughProxy();
      const other = await replica();
      await limiter.take(key, 2);
      await other.take(key, 2);
      await limiter.ping();
      proxy.refuse();
      await expect.poll(() => events.fallback).toBe(true);
      await expect(limiter.ping()).rejects.toMatchObject({ code: 'ServiceUnavailable' });
      expect(await limiter.take(key, 2)).toMatchObject({ allowed: true, remaining: 1 });
      expect(await limiter.take(key, 2)).toMatchObject({ allowed: true, remaining: 0 });
      expect(await limiter.take(key, 2)).toMatchObject({ allowed: false, remaining: 0 });
      expect(events.alone).toBe(3);
      proxy.pass();
      await back();
      await limiter.ping();
      expect(await limiter.take(key, 3)).toMatchObject({ allowed: true, remaining: 0 });
      expect(events.alone).toBe(3);
    });

    it('holds up no request when Redis goes silent, and finds out when it speaks again', async () => {
      const key = randomUUID();
      const limiter = await throughProxy({ timeoutMs: 50 });
      proxy.swallow();
      const begun = performance.now();
      const decisions = await Promise.all(Array.from({ length: 50 }, () => limiter.take(key, 20)));
      expect(performance.now() - begun).toBeLessThan(1000);
      expect(decisions.filter((decision) => decision.allowed)).toHaveLength(20);
      expect(events).toEqual({ fallback: true, alone: 50 });
      const next = performance.now();
      await limiter.take(key, 20);
      expect(performance.now() - next).toBeLessThan(20);
      proxy.pass();
      await back();
      expect(await limiter.take(key, 1)).toMatchObject({ allowed: true });
    });

    it('starts while Redis is away, and uses it once it is there', async () => {
      const key = randomUUID();
      proxy.refuse();
      const limiter = await throughProxy();
      expect(events.fallback).toBe(true);
      expect(await limiter.take(key, 1)).toMatchObject({ allowed: true });
      proxy.pass();
      await back();
      expect(await limiter.take(key, 1)).toMatchObject({ allowed: true });
      expect(await (await replica()).take(key, 1)).toMatchObject({ allowed: false });
    });

    it('tells Redis of the places that it gave while that was away', async () => {
      const key = randomUUID();
      const limiter = await throughProxy();
      const other = await replica();
      await limiter.acquire(key, 3);
      proxy.refuse();
      await expect.poll(() => events.fallback).toBe(true);
      expect(await limiter.acquire(key, 3)).not.toBeNull();
      expect(await limiter.acquire(key, 2)).toBeNull();
      expect(await other.acquire(key, 2)).not.toBeNull();
      proxy.pass();
      await back();
      const client = createClient({ url });
      await client.connect();
      await expect.poll(() => client.zCard(`${prefix}places:${key}`)).toBe(3);
      client.destroy();
      expect(await other.acquire(key, 3)).toBeNull();
    });

    it('limits by itself when the server refuses the password', async () => {
      const limiter = await throughProxy({ url: `redis://nobody:wrong@${proxy.host}:${proxy.port}` });
      expect(events.fallback).toBe(true);
      expect(await limiter.take(randomUUID(), 1)).toMatchObject({ allowed: true });
    });
  });
});
