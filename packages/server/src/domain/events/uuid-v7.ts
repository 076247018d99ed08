import type { Clock } from '../clock.ts';

/** Fills the bytes with randomness that nobody can predict. */
export type FillRandom = (bytes: Uint8Array) => void;

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const poolBytes = 4096;
const bytesPerId = 10;
const lastCount = 0xfff;

/**
 * Makes UUIDs of version 7 (RFC 9562): the milliseconds of the clock, a count of 12 bits that starts at random in each
 * millisecond and keeps the ids of this process in order, and 62 random bits. When a millisecond's count is used up, or
 * the clock goes back, the ids run ahead of the clock.
 */
export function createUuidV7(clock: Clock, fillRandom: FillRandom): () => string {
  const pool = new Uint8Array(poolBytes);
  let used = poolBytes;
  let milliseconds = 0;
  let prefix = '';
  let count = lastCount;
  const byteAt = (at: number): string => hex[pool[at] ?? 0] ?? '';

  return () => {
    if (used + bytesPerId > poolBytes) {
      fillRandom(pool);
      used = 0;
    }
    const now = clock.now();
    if (now > milliseconds || count === lastCount) {
      milliseconds = Math.max(now, milliseconds + (count === lastCount ? 1 : 0));
      const time = milliseconds.toString(16).padStart(12, '0');
      prefix = `${time.slice(0, 8)}-${time.slice(8)}-7`;
      // The upper half of the range stays free to count on.
      count = (((pool[used + 8] ?? 0) << 8) | (pool[used + 9] ?? 0)) & (lastCount >> 1);
    } else count += 1;
    const variant = 0x80 | ((pool[used] ?? 0) & 0x3f);
    const id =
      `${prefix}${hex[count >> 4] ?? ''}${(count & 0xf).toString(16)}-${hex[variant] ?? ''}${byteAt(used + 1)}-` +
      `${byteAt(used + 2)}${byteAt(used + 3)}${byteAt(used + 4)}${byteAt(used + 5)}${byteAt(used + 6)}${byteAt(used + 7)}`;
    used += bytesPerId;
    return id;
  };
}

/** The milliseconds in an id when it is a UUID of version 7. */
export function timeOfUuidV7(id: string): number | undefined {
  if (id.charCodeAt(14) !== 0x37) return undefined;
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}
