import type { Environment } from './environment.ts';

/*
 * UUIDv7 (RFC 9562): 48 bits of milliseconds, 4 of version, 12 of a counter, 2 of variant, 62 of randomness. The
 * counter starts anywhere in its lower half in each millisecond and grows by one an id, so ids made by one client sort
 * in the order in which they were made; when it overflows, or the clock steps back, the last millisecond is kept or
 * passed by one.
 */

const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const counterLimit = 0x1000;
const bytesPerId = 10;
const poolSize = bytesPerId * 256;

/** Makes UUIDv7 ids that grow from call to call. */
export function createUuidSource(environment: Environment): () => string {
  const pool = new Uint8Array(poolSize);
  let used = poolSize;
  let lastMs = 0;
  let counter = 0;

  const at = (index: number): number => pool[used + index] ?? 0;
  const pair = (index: number): string => hex[at(index)] ?? '';

  return () => {
    if (used + bytesPerId > poolSize) {
      environment.randomBytes(pool);
      used = 0;
    }
    const now = environment.now();
    if (now > lastMs) {
      lastMs = now;
      counter = ((at(0) << 8) | at(1)) & 0x7ff;
    } else if (++counter === counterLimit) {
      lastMs += 1;
      counter = ((at(0) << 8) | at(1)) & 0x7ff;
    }
    const time = lastMs.toString(16).padStart(12, '0');
    const variant = hex[(at(2) & 0x3f) | 0x80] ?? '';
    const id =
      `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, '0')}-${variant}${pair(3)}-` +
      `${pair(4)}${pair(5)}${pair(6)}${pair(7)}${pair(8)}${pair(9)}`;
    used += bytesPerId;
    return id;
  };
}
