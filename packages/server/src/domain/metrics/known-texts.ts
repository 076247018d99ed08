import { hashAscii } from './text-hash.ts';

const mostTexts = 1000;

interface Known {
  readonly text: string;
  readonly bytes: Uint8Array;
}

/** Texts that come again and again, so that their bytes need not be made strings each time. */
export class KnownTexts {
  private readonly known = new Map<number, Known>();

  /** The text of the bytes, which are UTF-8. */
  read(bytes: Buffer, start: number, end: number): string {
    const key = hashAscii(bytes, start, end).low;
    const found = this.known.get(key);
    if (found !== undefined && isSame(found.bytes, bytes, start, end)) return found.text;
    const text = bytes.toString('utf8', start, end);
    if (this.known.size >= mostTexts) this.known.clear();
    this.known.set(key, { text, bytes: Uint8Array.prototype.slice.call(bytes, start, end) });
    return text;
  }
}

function isSame(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let i = 0; i < known.length; i += 1) if (known[i] !== bytes[start + i]) return false;
  return true;
}
