import { randomBase62, toBase62 } from './base62.ts';
import { crc32 } from './crc32.ts';

/*
 * An API key is `sf_<random>_<checksum>`: 36 random digits in base 62 (214 bits; 178 beside the shown beginning) and the
 * CRC-32 of all before it in 6. The fixed beginning lets scanners find keys in places where they should not be; the
 * checksum tells a mistyped or invented key from a real one without asking the records.
 */
const start = 'sf_';
const randomLength = 36;
const checksumLength = 6;
const shownLength = 6;
const shape = /^sf_[0-9A-Za-z]{36}_[0-9A-Za-z]{6}$/;

const apiKeyLength = start.length + randomLength + 1 + checksumLength;

export function makeApiKey(randomBytes: (size: number) => Uint8Array): string {
  const body = start + randomBase62(randomLength, randomBytes);
  return `${body}_${toBase62(crc32(body), checksumLength)}`;
}

/** Whether a credential means to be an API key, be it a real one or not. */
export const looksLikeApiKey = (credential: string): boolean => credential.startsWith(start);

/** Whether the key could have been made by us. */
export function isWellFormedApiKey(key: string): boolean {
  if (key.length !== apiKeyLength || !shape.test(key)) return false;
  const body = key.slice(0, start.length + randomLength);
  return key.slice(body.length + 1) === toBase62(crc32(body), checksumLength);
}

/** The part of a key that may be shown. */
export const apiKeyPrefix = (key: string): string => key.slice(0, start.length + shownLength);
