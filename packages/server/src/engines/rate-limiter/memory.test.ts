import { describe, expect, it } from 'vitest';
import { createMemoryRateLimiter } from './memory.ts';
import { rateLimiterContract } from './rate-limiter.contract.ts';

rateLimiterContract('memory', (clock) => createMemoryRateLimiter({ clock }));
rateLimiterContract('memory, past its cap of keys', (clock) =>
  createMemoryRateLimiter({ clock, maxKeys: 0 }),
);

describe('limits in memory', () => {
  it('keeps the counts of the keys that it knows through a flood of a million others, in bounded memory', () => {
    const limiter = createMemoryRateLimiter({ clock: { now: () => 0 }, maxKeys: 1000 });
    const used = (key: string, times: number) => {
      for (let n = 0; n < times; n++) limiter.take(key, 5);
    };
    used('known', 5);
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < 1_000_000; n++) limiter.take(`flood:${n}`, 100);
    const grown = process.memoryUsage().heapUsed - before;
    expect(limiter.take('known', 5)).toMatchObject({ allowed: false, remaining: 0 });
    // A million counted keys take more than 100 MB; what is measured here is garbage of the loop besides.
    expect(grown).toBeLessThan(64 * 1024 * 1024);
  });

  it('never allows a key more than its limit past the cap', () => {
    const limiter = createMemoryRateLimiter({ clock: { now: () => 0 }, maxKeys: 10 });
    for (let n = 0; n < 20_000; n++) limiter.take(`flood:${n}`, 1_000_000);
    for (let key = 0; key < 200; key++) {
      let allowed = 0;
      const decisions = Array.from({ length: 30 }, () => limiter.take(`late:${key}`, 20));
      for (const decision of decisions) if (!(decision instanceof Promise) && decision.allowed) allowed++;
      expect(allowed).toBeLessThanOrEqual(20);
      // Among 20,000 other keys hardly any shares all four of its cells.
      expect(allowed).toBeGreaterThanOrEqual(18);
    }
  });

  it('goes by the clock also when it is set back', () => {
    let now = 600_000;
    const limiter = createMemoryRateLimiter({ clock: { now: () => now } });
    limiter.take('k', 1);
    now = 60_000;
    expect(limiter.take('k', 1)).toMatchObject({ allowed: true, resetAt: 120 });
  });
});
