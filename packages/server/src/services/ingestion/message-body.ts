const initialBytes = 4096;
const lineFeed = 0x0a;
/** A UTF-16 unit takes at most so many bytes of UTF-8. */
const maxBytesPerUnit = 3;

/**
 * NDJSON that grows line by line. Lines are written as bytes at once: kept as text until the message is sealed, the
 * many small strings that they are made of would outlive the young generation and cost more than everything else.
 */
export class MessageBody {
  #bytes = Buffer.allocUnsafe(initialBytes);
  #length = 0;

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  append(line: string): void {
    const most = this.#length + line.length * maxBytesPerUnit + 1;
    if (most > this.#bytes.length) this.#grow(most);
    this.#length += this.#bytes.write(line, this.#length);
    this.#bytes[this.#length] = lineFeed;
    this.#length += 1;
  }

  /** The bytes; nothing may be appended afterwards. */
  seal(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  #grow(atLeast: number): void {
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, atLeast));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
