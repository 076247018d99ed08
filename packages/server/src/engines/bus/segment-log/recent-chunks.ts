import type { Segment } from './segment.ts';

/** Consecutive bytes of one segment, from a record's start on. */
export interface Chunk {
  readonly segment: Segment;
  /** The offset of the first byte. */
  readonly offset: number;
  readonly bytes: Buffer;
  /** Whether the bytes never left memory, so that their checksums need no look. */
  readonly trusted: boolean;
}

const endOf = (chunk: Chunk): number => chunk.offset + chunk.bytes.length;

/** What was appended last, bounded in bytes, so that consumers that keep up never read the disk. */
export class RecentChunks {
  private readonly limit: number;
  private chunks: Chunk[] = [];
  private bytes = 0;

  constructor(limitBytes: number) {
    this.limit = limitBytes;
  }

  push(chunk: Chunk): void {
    this.chunks.push(chunk);
    this.bytes += chunk.bytes.length;
    let dropped = 0;
    for (const oldest of this.chunks) {
      if (this.bytes <= this.limit) break;
      this.bytes -= oldest.bytes.length;
      dropped++;
    }
    if (dropped > 0) this.chunks.splice(0, dropped);
  }

  /** The chunk that holds the byte at `offset`. */
  find(offset: number): Chunk | undefined {
    let low = 0;
    let high = this.chunks.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const chunk = this.chunks[middle];
      if (chunk === undefined) return undefined;
      if (offset < chunk.offset) high = middle - 1;
      else if (offset >= endOf(chunk)) low = middle + 1;
      else return chunk;
    }
    return undefined;
  }

  /** Lets go of what stands wholly before `offset`. */
  forget(offset: number): void {
    let dropped = 0;
    for (const chunk of this.chunks) {
      if (endOf(chunk) > offset) break;
      this.bytes -= chunk.bytes.length;
      dropped++;
    }
    if (dropped > 0) this.chunks.splice(0, dropped);
  }
}
