import { describe, expect, it } from 'vitest';
import { unavailable } from '../domain/errors.ts';
import { type Log, silentLog } from '../domain/log.ts';
import type { Timers } from '../domain/timers.ts';
import { administrator } from './access.fixture.ts';
import { authenticationRequired, createCredentialCache, type Verified } from './credential-cache.ts';

/** A cache over answers that the test gives by hand. */
function open(options: { maxEntries?: number; maxLookups?: number; graceMs?: () => number } = {}) {
  const clock = { time: 1_000_000, now: () => clock.time };
  const due = new Set<{ readonly at: number; readonly run: () => void }>();
  const timers: Timers = {
    after(ms, run) {
      const timer = { at: clock.time + ms, run };
      due.add(timer);
      return () => void due.delete(timer);
    },
  };
  /** Moves the clock on, and lets what waited run. */
  const pass = async (ms: number) => {
    clock.time += ms;
    for (const timer of [...due]) if (timer.at <= clock.time && due.delete(timer)) timer.run();
    await settled();
  };
  const asked: { credential: string; answer(verified: Verified): void; fail(error: Error): void }[] = [];
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warning: (message) => warnings.push(message) };
  const cache = createCredentialCache<string>({
    clock,
    timers,
    log,
    inspect: (credential) => (credential.startsWith('bad') ? null : credential),
    verify: (credential) =>
      new Promise((answer, fail) => {
        asked.push({ credential, answer, fail });
      }),
    ...options,
  });
  const verified = (id: string, expiresAt = Number.POSITIVE_INFINITY): Verified => ({
    principal: administrator(id),
    expiresAt,
  });
  /** Brings a credential into the cache. */
  const learn = async (credential: string, expiresAt?: number) => {
    const principal = cache.authenticate(credential);
    asked.pop()?.answer(verified(credential, expiresAt));
    return principal;
  };
  return { clock, pass, asked, warnings, cache, verified, learn, timersWaiting: () => due.size };
}
const settled = () => new Promise((resolve) => setImmediate(resolve));
const refused = expect.objectContaining({ code: 'AuthenticationRequired' });

describe('the cache of credentials', () => {
  it('answers at once, with the same principal, while the last look-up is younger than 3 s', async () => {
    const { cache, learn, clock, asked } = open();
    const principal = await learn('a');
    clock.time += 2999;
    expect(cache.authenticate('a')).toBe(principal);
    expect(asked).toHaveLength(0);
  });

  it('looks up once for all who come while that is under way', async () => {
    const { cache, asked, verified } = open();
    const callers = Array.from({ length: 100 }, () => cache.authenticate('a'));
    expect(asked).toHaveLength(1);
    asked[0]?.answer(verified('a'));
    const principals = await Promise.all(callers);
    expect(new Set(principals).size).toBe(1);
  });

  it('looks up again from 3 s on, once, while the old entry still answers', async () => {
    const { cache, learn, clock, asked, verified } = open();
    const first = await learn('a');
    clock.time += 3000;
    for (let n = 0; n < 100; n++) expect(cache.authenticate('a')).toBe(first);
    expect(asked).toHaveLength(1);
    asked[0]?.answer(verified('a2'));
    await settled();
    expect(cache.authenticate('a')).toMatchObject({ id: 'a2' });
    expect(asked).toHaveLength(1);
  });

  it('no longer answers at 5 s, but waits for the one look-up', async () => {
    const { cache, learn, clock, asked } = open();
    await learn('a');
    clock.time += 3000;
    cache.authenticate('a');
    clock.time += 2000;
    const waiting = [cache.authenticate('a'), cache.authenticate('a')];
    expect(waiting[0]).toBeInstanceOf(Promise);
    expect(asked).toHaveLength(1);
    asked[0]?.fail(authenticationRequired());
    for (const caller of waiting) await expect(caller).rejects.toEqual(refused);
    expect(cache.size).toBe(0);
  });

  it('counts the age from the beginning of the look-up, not from its answer', async () => {
    const { cache, clock, asked, verified } = open();
    const slow = cache.authenticate('a');
    clock.time += 4999;
    asked[0]?.answer(verified('a'));
    await slow;
    expect(cache.authenticate('a')).not.toBeInstanceOf(Promise);
    clock.time += 1;
    expect(cache.authenticate('a')).toBeInstanceOf(Promise);
  });

  it('refuses from the next call on what a look-up in the background found revoked', async () => {
    const { cache, learn, clock, asked, warnings } = open();
    await learn('a');
    clock.time += 3000;
    cache.authenticate('a');
    asked[0]?.fail(authenticationRequired());
    await settled();
    const next = cache.authenticate('a');
    asked[1]?.fail(authenticationRequired());
    await expect(next).rejects.toEqual(refused);
    expect(warnings).toEqual([]);
  });

  it('refuses to the millisecond what has expired', async () => {
    const { cache, learn, clock } = open();
    await learn('a', clock.time + 500);
    clock.time += 499;
    expect(cache.authenticate('a')).toMatchObject({ id: 'a' });
    clock.time += 1;
    expect(() => cache.authenticate('a')).toThrow(refused);
    expect(cache.size).toBe(0);
  });

  it('answers from memory for 5 s when the records are away, says so, and does not hammer them', async () => {
    const { cache, learn, clock, asked, warnings } = open();
    const principal = await learn('a');
    clock.time += 3000;
    for (let n = 0; n < 1000; n++) {
      expect(cache.authenticate('a')).toBe(principal);
      asked.at(-1)?.fail(unavailable('away'));
      await settled();
      clock.time += 1;
    }
    expect(asked.length).toBeLessThanOrEqual(3);
    expect(warnings.length).toBeGreaterThan(0);
    clock.time += 1000;
    const caller = cache.authenticate('a');
    asked.at(-1)?.fail(unavailable('away'));
    await expect(caller).rejects.toEqual(expect.objectContaining({ code: 'ServiceUnavailable' }));
  });

  describe('while the records do not answer at all', () => {
    const unanswered = expect.objectContaining({ code: 'ServiceUnavailable', retryAfter: 1 });

    it('lets nobody wait longer than 1.5 s, and asks again beside what hangs, every 2 s', async () => {
      const { cache, pass, asked, verified, timersWaiting } = open();
      const waiting = [cache.authenticate('a'), cache.authenticate('a')].map((caller) =>
        Promise.resolve(caller).catch((error: unknown) => error),
      );
      await pass(1499);
      expect(asked).toHaveLength(1);
      await pass(1);
      for (const caller of waiting) expect(await caller).toEqual(unanswered);
      await pass(1999);
      expect(() => cache.authenticate('a')).toThrow(unanswered);
      await pass(1);
      const again = cache.authenticate('a');
      expect(asked).toHaveLength(2);
      asked[1]?.answer(verified('a2'));
      expect(await again).toMatchObject({ id: 'a2' });
      // The one that hung knows less.
      asked[0]?.answer(verified('a1'));
      await settled();
      expect(cache.authenticate('a')).toMatchObject({ id: 'a2' });
      expect(timersWaiting()).toBe(0);
    });

    it('counts those that hang among the look-ups that it may have', async () => {
      const { cache, pass } = open({ maxLookups: 2 });
      const callers = [cache.authenticate('a'), cache.authenticate('b')].map((caller) =>
        Promise.resolve(caller).catch(() => {}),
      );
      await pass(1500);
      await Promise.all(callers);
      expect(() => cache.authenticate('c')).toThrow(unanswered);
      await pass(10_000);
      expect(() => cache.authenticate('a')).toThrow(unanswered);
    });

    it('takes what has a grace at once for so long, and no longer', async () => {
      const { cache, learn, pass } = open({ graceMs: () => 60_000 });
      const principal = await learn('a');
      await pass(3000);
      expect(cache.authenticate('a')).toBe(principal);
      for (let seconds = 3; seconds < 64.5; seconds += 0.5) {
        await pass(500);
        expect(cache.authenticate('a'), `${seconds} s`).toBe(principal);
      }
      await pass(500);
      await expect(Promise.resolve().then(() => cache.authenticate('a'))).rejects.toEqual(unanswered);
    });

    it('lets the first who comes after a pause wait, and nobody after that', async () => {
      const { cache, learn, pass, asked } = open({ graceMs: () => 60_000 });
      const principal = await learn('a');
      await pass(30_000);
      const first = cache.authenticate('a');
      expect(first).toBeInstanceOf(Promise);
      await pass(1500);
      expect(await first).toBe(principal);
      expect(cache.authenticate('a')).toBe(principal);
      // A revocation is noticed with the first answer.
      asked.at(-1)?.fail(authenticationRequired());
      await settled();
      const next = cache.authenticate('a');
      asked.at(-1)?.fail(authenticationRequired());
      await expect(next).rejects.toEqual(refused);
    });
  });

  it('looks up again when the clock was set back', async () => {
    const { cache, learn, clock, asked } = open();
    await learn('a');
    clock.time -= 3_600_000;
    expect(cache.authenticate('a')).toBeInstanceOf(Promise);
    expect(asked).toHaveLength(1);
  });

  it('keeps nothing of invalid credentials', async () => {
    const { cache, asked } = open();
    for (let n = 0; n < 10_000; n++) expect(() => cache.authenticate(`bad${n}`)).toThrow(refused);
    expect(asked).toHaveLength(0);
    for (let n = 0; n < 1000; n++) {
      const caller = cache.authenticate(`unknown${n}`);
      asked.pop()?.fail(authenticationRequired());
      await expect(caller).rejects.toEqual(refused);
    }
    expect(cache.size).toBe(0);
  });

  it('is bounded, and keeps what is in use', async () => {
    const { cache, learn, asked } = open({ maxEntries: 100 });
    const used = await learn('used');
    for (let n = 0; n < 1000; n++) {
      await learn(`k${n}`);
      expect(cache.size).toBeLessThanOrEqual(100);
      if (n % 20 === 0) expect(cache.authenticate('used')).toBe(used);
    }
    expect(asked).toHaveLength(0);
  });

  it('refuses with ServiceUnavailable more look-ups at once than it may have', async () => {
    const { cache, asked, verified } = open({ maxLookups: 2 });
    const first = [cache.authenticate('a'), cache.authenticate('b')];
    expect(() => cache.authenticate('c')).toThrow(expect.objectContaining({ code: 'ServiceUnavailable' }));
    asked[0]?.answer(verified('a'));
    asked[1]?.answer(verified('b'));
    await Promise.all(first);
    expect(cache.authenticate('c')).toBeInstanceOf(Promise);
  });

  it('forgets a principal at once', async () => {
    const { cache, learn } = open();
    await learn('a');
    const other = await learn('b');
    cache.forget('a');
    expect(cache.authenticate('a')).toBeInstanceOf(Promise);
    expect(cache.authenticate('b')).toBe(other);
  });
});
