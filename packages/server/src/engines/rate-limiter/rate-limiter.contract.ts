import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../domain/clock.ts';
import type { RateLimiter } from './port.ts';

/** Makes a limiter that reads the time from the clock. */
export type MakeRateLimiter = (clock: Clock) => Promise<RateLimiter> | RateLimiter;

const minute = 1_700_000_040_000;

/** What every rate limiter promises. */
export function rateLimiterContract(name: string, make: MakeRateLimiter): void {
  describe(`${name}: the rate limiter's promises`, () => {
    let now: number;
    let limiter: RateLimiter;
    /** Keys of this run alone, since engines may be shared. */
    let key: string;

    beforeEach(async () => {
      now = minute;
      key = `test-${process.pid}-${Math.random()}`;
      limiter = await make({ now: () => now });
    });
    afterEach(() => limiter.close());

    it('allows the limit in a window, counts down, and tells when the window ends', async () => {
      now = minute + 59_999;
      const resetAt = minute / 1000 + 60;
      for (const remaining of [2, 1, 0])
        expect(await limiter.take(key, 3)).toEqual({ allowed: true, limit: 3, remaining, resetAt });
      expect(await limiter.take(key, 3)).toEqual({ allowed: false, limit: 3, remaining: 0, resetAt });
    });

    it('starts anew with the minute of the clock', async () => {
      now = minute + 59_999;
      await limiter.take(key, 1);
      expect((await limiter.take(key, 1)).allowed).toBe(false);
      now = minute + 60_000;
      expect(await limiter.take(key, 1)).toMatchObject({ allowed: true, resetAt: minute / 1000 + 120 });
    });

    it('does not count what it refuses', async () => {
      expect(await limiter.take(key, 10, 7)).toMatchObject({ allowed: true, remaining: 3 });
      expect(await limiter.take(key, 10, 4)).toMatchObject({ allowed: false, remaining: 3 });
      expect(await limiter.take(key, 10, 3)).toMatchObject({ allowed: true, remaining: 0 });
    });

    it('refuses what is more than the whole limit, and everything at a limit of 0', async () => {
      expect(await limiter.take(key, 10, 11)).toMatchObject({ allowed: false, remaining: 10 });
      expect(await limiter.take(key, 0)).toMatchObject({ allowed: false, remaining: 0 });
    });

    it('keeps keys apart, also those that look like parts of an object', async () => {
      expect((await limiter.take(`${key}:a`, 1)).allowed).toBe(true);
      expect((await limiter.take(`${key}:b`, 1)).allowed).toBe(true);
      expect((await limiter.take(`${key}:__proto__`, 1)).allowed).toBe(true);
      expect((await limiter.take(`${key}:a`, 1)).allowed).toBe(false);
    });

    it('allows exactly the limit when many ask at once', async () => {
      const decisions = await Promise.all(Array.from({ length: 100 }, () => limiter.take(key, 40)));
      expect(decisions.filter((decision) => decision.allowed)).toHaveLength(40);
    });

    it('holds concurrent places until they are released, each once', async () => {
      const first = await limiter.acquire(key, 2);
      const second = await limiter.acquire(key, 2);
      expect(first).not.toBeNull();
      expect(second).not.toBeNull();
      expect(await limiter.acquire(key, 2)).toBeNull();
      expect(await limiter.acquire(`${key}:other`, 2)).not.toBeNull();
      first?.();
      first?.();
      expect(await limiter.acquire(key, 2)).not.toBeNull();
      expect(await limiter.acquire(key, 2)).toBeNull();
    });

    it('gives exactly the places that there are when many ask at once', async () => {
      const places = await Promise.all(Array.from({ length: 20 }, () => limiter.acquire(key, 7)));
      expect(places.filter((place) => place !== null)).toHaveLength(7);
    });

    it('holds places beyond the minute', async () => {
      expect(await limiter.acquire(key, 1)).not.toBeNull();
      now += 600_000;
      expect(await limiter.acquire(key, 1)).toBeNull();
    });
  });
}
