import type { Chunk } from './recent-chunks.ts';
import { parseRecord } from './record.ts';
import type { Mark } from './segment.ts';
import type { SegmentLog } from './segment-log.ts';

export interface StoredRecord {
  readonly offset: number;
  /** The offset of the record behind it. */
  readonly end: number;
  readonly sequence: number;
  readonly meta: string;
  readonly body: Buffer;
}

/** Reads records one after the other, from memory where they are recent and in large reads from disk otherwise. */
export class RecordReader {
  private readonly source: SegmentLog;
  private chunk: Chunk | undefined;
  private last: StoredRecord | undefined;

  constructor(source: SegmentLog) {
    this.source = source;
  }

  /** The record at `offset` when it is at hand; otherwise `load` brings it. */
  peek(offset: number): StoredRecord | undefined {
    if (this.last?.offset === offset) return this.last;
    let chunk = this.chunk;
    if (chunk === undefined || offset < chunk.offset || offset >= chunk.offset + chunk.bytes.length) {
      chunk = this.source.recentAt(offset);
      this.chunk = chunk;
    }
    this.last = chunk === undefined ? undefined : recordAt(chunk, offset);
    return this.last;
  }

  /** Makes the record at `offset` ready for `peek`; or answers where to go on, when it is damaged or gone. */
  async load(offset: number): Promise<Mark | undefined> {
    const result = await this.source.read(offset);
    if ('skippedTo' in result) return result.skippedTo;
    this.chunk = result.chunk;
    return undefined;
  }

  /** Lets go of the memory of the last read. */
  release(): void {
    this.chunk = undefined;
    this.last = undefined;
  }
}

function recordAt(chunk: Chunk, offset: number): StoredRecord | undefined {
  const { segment, bytes, trusted } = chunk;
  const record = parseRecord(bytes, offset - chunk.offset, { seed: segment.seed, offset, trusted });
  if (record.kind !== 'record') return undefined;
  return {
    offset,
    end: chunk.offset + record.end,
    sequence: segment.firstSequence + record.index,
    meta: bytes.toString('utf8', record.metaStart, record.bodyStart),
    body: bytes.subarray(record.bodyStart, record.end),
  };
}
