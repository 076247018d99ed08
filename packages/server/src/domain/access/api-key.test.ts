import { randomBytes } from 'node:crypto';
import { crc32 as zlibCrc32 } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apiKeyPrefix, isWellFormedApiKey, looksLikeApiKey, makeApiKey } from './api-key.ts';
import { randomBase62 } from './base62.ts';
import { crc32 } from './crc32.ts';

describe('API keys', () => {
  it('are well formed, different, and of one length', () => {
    const keys = Array.from({ length: 1000 }, () => makeApiKey(randomBytes));
    expect(new Set(keys).size).toBe(1000);
    for (const key of keys) {
      expect(key).toMatch(/^sf_[0-9A-Za-z]{36}_[0-9A-Za-z]{6}$/);
      expect(isWellFormedApiKey(key)).toBe(true);
      expect(looksLikeApiKey(key)).toBe(true);
      expect(apiKeyPrefix(key)).toBe(key.slice(0, 9));
    }
  });

  it('are known to be mistyped without asking anyone', () => {
    const key = makeApiKey(randomBytes);
    fc.assert(
      fc.property(fc.nat({ max: key.length - 1 }), fc.constantFrom(...'0aZ_- é'), (index, letter) => {
        const typed = key.slice(0, index) + letter + key.slice(index + 1);
        expect(isWellFormedApiKey(typed)).toBe(typed === key);
      }),
    );
    for (const wrong of ['', 'sf_', `${key}0`, key.slice(1), ` ${key}`, `${key}\n`, key.toLowerCase()])
      expect(isWellFormedApiKey(wrong)).toBe(false);
  });

  it('draw every digit evenly: the bytes that do not divide by 62 are thrown away', () => {
    const draws = [
      [248, 255, 250],
      [61, 123, 0],
    ];
    expect(randomBase62(3, () => Uint8Array.from(draws.shift() ?? []))).toBe('zz0');
    const counts = new Map<string, number>();
    for (const digit of randomBase62(248, (size) => Uint8Array.from({ length: size }, (_, index) => index)))
      counts.set(digit, (counts.get(digit) ?? 0) + 1);
    expect(counts.size).toBe(62);
    expect(new Set(counts.values())).toEqual(new Set([4]));
  });

  it('sum by the same CRC-32 as zip', () => {
    expect(crc32('123456789')).toBe(0xcbf43926);
    fc.assert(fc.property(fc.string({ unit: 'binary-ascii' }), (text) => crc32(text) === zlibCrc32(text)));
  });
});
