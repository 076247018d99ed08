/** Two independent hashes of 32 bits of a text. */
export interface TextHash {
  readonly high: number;
  readonly low: number;
}

/** Hashes a text by its UTF-16 units. */
export function hashText(text: string): TextHash {
  let a = seedA;
  let b = seedB;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 2654435761);
    b = Math.imul(b ^ unit, 1597334677);
  }
  return finish(a, b, text.length);
}

/** {@link hashText} of the ASCII text that stands in the bytes. */
export function hashAscii(bytes: Uint8Array, start: number, end: number): TextHash {
  let a = seedA;
  let b = seedB;
  for (let i = start; i < end; i += 1) {
    const unit = bytes[i] ?? 0;
    a = Math.imul(a ^ unit, 2654435761);
    b = Math.imul(b ^ unit, 1597334677);
  }
  return finish(a, b, end - start);
}

const seedA = 0xdeadbeef;
const seedB = 0x41c6ce57;

function finish(givenA: number, givenB: number, length: number): TextHash {
  let a = givenA ^ length;
  let b = givenB;
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return { high: mix(a), low: mix(b) };
}

function mix(given: number): number {
  let bits = Math.imul(given ^ (given >>> 16), 2246822507);
  bits = Math.imul(bits ^ (bits >>> 13), 3266489909);
  return (bits ^ (bits >>> 16)) >>> 0;
}
