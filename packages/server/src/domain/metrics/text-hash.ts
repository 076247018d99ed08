/** Two independent hashes of 32 bits; `high` is valid until the next call. */
export const hash = { high: 0, low: 0 };

/** Hashes a text into `hash`: called for every event, so it makes no objects. */
export function hashText(text: string): void {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 2654435761);
    b = Math.imul(b ^ unit, 1597334677);
  }
  a ^= text.length;
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  hash.high = finish(a);
  hash.low = finish(b);
}

function finish(given: number): number {
  let bits = Math.imul(given ^ (given >>> 16), 2246822507);
  bits = Math.imul(bits ^ (bits >>> 13), 3266489909);
  return (bits ^ (bits >>> 16)) >>> 0;
}
