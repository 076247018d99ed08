import { parseOptions } from '@node-rs/argon2';
import { describe, expect, it } from 'vitest';
import { createPasswordHasher } from './password-hasher.ts';

describe('password hashes', () => {
  const passwords = createPasswordHasher();

  it('are Argon2id of 19 MiB, two passes, one lane, with a salt of their own', async () => {
    const [first, second] = await Promise.all([passwords.hash('secret word'), passwords.hash('secret word')]);
    expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(first).not.toBe(second);
    expect(await passwords.verify(first, 'secret word')).toBe(true);
    expect(await passwords.verify(first, 'secret Word')).toBe(false);
  });

  it('are the same for a password composed of other code points', async () => {
    expect(await passwords.verify(await passwords.hash('cafe\u0301 12345'), 'caf\u00e9 12345')).toBe(true);
  });

  it('compare with nobody at the cost of a user: the same parameters and lengths', async () => {
    // The comparison with nobody fails only after the whole computation, since its hash is well formed.
    const verified: string[] = [];
    const spy = createPasswordHasher({
      verifyHash: async (hash) => {
        verified.push(hash);
        return false;
      },
    });
    const known = await passwords.hash('secret word');
    expect(await spy.verify(null, 'secret word')).toBe(false);
    expect(await spy.verify(known, 'secret word')).toBe(false);
    const [nobodys = '', users = ''] = verified;
    expect(parseOptions(nobodys)).toEqual(parseOptions(users));
    expect(nobodys).toHaveLength(users.length);
    expect(await passwords.verify(null, 'secret word')).toBe(false);
  });

  it('are computed a few at a time, some wait, and what is beyond is answered ServiceUnavailable', async () => {
    let running = 0;
    let most = 0;
    const release: (() => void)[] = [];
    const hasher = createPasswordHasher({
      maxConcurrent: 2,
      maxWaiting: 3,
      verifyHash: async () => {
        most = Math.max(most, ++running);
        await new Promise<void>((resolve) => release.push(resolve));
        running--;
        return true;
      },
    });
    const outcomes = Array.from({ length: 8 }, () =>
      hasher.verify(null, 'x').catch((error: unknown) => error),
    );
    for (let n = 0; n < 20; n++) {
      await new Promise((resolve) => setImmediate(resolve));
      release.shift()?.();
    }
    const answers = await Promise.all(outcomes);
    expect(most).toBe(2);
    expect(answers.filter((answer) => answer === true)).toHaveLength(5);
    expect(answers.slice(5)).toEqual(
      Array.from({ length: 3 }, () => expect.objectContaining({ code: 'ServiceUnavailable', retryAfter: 1 })),
    );
    const later = hasher.verify(null, 'x');
    await new Promise((resolve) => setImmediate(resolve));
    release.shift()?.();
    expect(await later).toBe(true);
  });

  it('free their place also when the computation fails', async () => {
    const hasher = createPasswordHasher({ maxConcurrent: 1, maxWaiting: 0 });
    for (let n = 0; n < 3; n++) await expect(hasher.verify('no hash', 'x')).rejects.toThrow();
    expect(await hasher.verify(null, 'x')).toBe(false);
  });
});
