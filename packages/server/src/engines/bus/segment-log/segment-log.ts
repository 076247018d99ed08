import { type FileHandle, open, rm } from 'node:fs/promises';
import type { Log } from '../../../domain/log.ts';
import { GroupCommit } from './group-commit.ts';
import { quarantineStretch } from './quarantine.ts';
import { type Chunk, RecentChunks } from './recent-chunks.ts';
import { findRecord, type LogEntry, parseRecord } from './record.ts';
import { recoverSegments } from './recovery.ts';
import {
  filePosition,
  type Mark,
  makeDirectory,
  type OpenSegmentFile,
  readFully,
  type Segment,
} from './segment.ts';
import { SegmentWriter } from './segment-writer.ts';

/** Bytes that a read of the disk takes when no single record needs more. */
const readBytes = 1024 * 1024;

export interface SegmentLogOptions {
  readonly directory: string;
  readonly segmentBytes: number;
  /** Bytes of what was appended last that are kept in memory. */
  readonly cacheBytes: number;
  readonly timeoutMs: number;
  readonly waitingBytes: number;
  /** What is before this place was answered: the log never begins before it again. */
  readonly floor: Mark;
  readonly log: Log;
  readonly openFile: OpenSegmentFile;
}

/** Either bytes that begin with a whole record, or where to go on because the place wanted is damaged or gone. */
export type ReadResult = { readonly chunk: Chunk } | { readonly skippedTo: Mark };

/** An append-only log of records in segment files, read by offset and given back from its beginning. */
export class SegmentLog {
  private readonly log: Log;
  private readonly recent: RecentChunks;
  private readonly writer: SegmentWriter;
  private readonly commit: GroupCommit;
  private readonly segments: Segment[];
  private readonly handles = new Map<Segment, Promise<FileHandle>>();
  private readonly floor: Mark;
  /** Stretches that were moved aside, by the offset where they begin. */
  private readonly damage = new Map<number, Mark>();
  private removals: Promise<void> = Promise.resolve();
  private listener: () => void = () => {};

  private constructor(options: SegmentLogOptions, segments: Segment[]) {
    this.log = options.log;
    this.floor = options.floor;
    this.segments = segments;
    this.recent = new RecentChunks(options.cacheBytes);
    this.writer = new SegmentWriter({
      ...options,
      end: () => this.end,
      onSegment: (segment) => this.segments.push(segment),
      onSegmentRemoved: (segment) => {
        if (this.segments.at(-1) === segment) this.segments.pop();
      },
      onDurable: (segment, offset, bytes) => {
        this.recent.push({ segment, offset, bytes, trusted: true });
        this.listener();
      },
    });
    this.commit = new GroupCommit(this.writer, options);
  }

  static async open(options: SegmentLogOptions): Promise<SegmentLog> {
    await makeDirectory(options.directory);
    let segments = await recoverSegments(options.directory, options.log);
    const last = segments.at(-1);
    if (last !== undefined && last.end < options.floor.offset) {
      // Offsets are never given twice: what was answered under them must not be taken for something new.
      options.log.critical('The log ends before what was answered already', {
        directory: options.directory,
        end: last.end,
        answered: options.floor.offset,
      });
      for (const segment of segments) await rm(segment.path, { force: true });
      segments = [];
    }
    const log = new SegmentLog(options, segments);
    const active = segments.at(-1);
    if (active !== undefined) await log.writer.resume(active);
    return log;
  }

  /** The oldest record that is kept. */
  get start(): Mark {
    const first = this.segments[0];
    return first === undefined ? this.floor : { offset: first.base, sequence: first.firstSequence };
  }

  /** Behind the last durable record. */
  get end(): Mark {
    const last = this.segments.at(-1);
    return last === undefined ? this.floor : { offset: last.end, sequence: last.endSequence };
  }

  /** Bytes that were taken and are not durable yet. */
  get unflushedBytes(): number {
    return this.commit.unflushedBytes;
  }

  append(entries: readonly LogEntry[]): Promise<void> {
    return this.commit.append(entries);
  }

  probe(): Promise<void> {
    return this.commit.probe();
  }

  /** Called whenever the end has moved. */
  onDurable(listener: () => void): void {
    this.listener = listener;
  }

  /** What memory holds at `offset`. */
  recentAt(offset: number): Chunk | undefined {
    return this.recent.find(offset);
  }

  forgetRecent(before: number): void {
    this.recent.forget(before);
  }

  /** Reads from disk at `offset`, which is before the end. Damage that it meets is moved aside and skipped. */
  async read(offset: number): Promise<ReadResult> {
    const known = this.damage.get(offset);
    if (known !== undefined) return { skippedTo: known };
    const segment = this.segments.find((candidate) => offset < candidate.end);
    if (segment === undefined) return { skippedTo: this.end };
    if (offset < segment.base)
      return { skippedTo: { offset: segment.base, sequence: segment.firstSequence } };
    const handle = await this.handleOf(segment);
    const left = segment.end - offset;
    let wanted = Math.min(readBytes, left);
    for (;;) {
      const bytes = await readFully(handle, filePosition(segment, offset), wanted);
      const record = parseRecord(bytes, 0, { seed: segment.seed, offset });
      if (record.kind === 'record') return { chunk: { segment, offset, bytes, trusted: false } };
      const longer = record.kind === 'partial' && record.needed > wanted && record.needed <= left;
      if (!longer) return { skippedTo: await this.moveAside(segment, handle, offset) };
      wanted = record.needed;
    }
  }

  /** Gives back the segments that end at or before `offset`; the last one stays. */
  trim(offset: number): void {
    let count = 0;
    while (count < this.segments.length - 1 && (this.segments[count]?.end ?? offset) <= offset) count++;
    for (const segment of this.segments.splice(0, count)) {
      this.removals = this.removals.then(() => this.remove(segment));
    }
  }

  async close(): Promise<void> {
    await this.commit.close();
    await this.writer.close();
    await this.removals;
    for (const handle of this.handles.values()) await (await handle).close();
    this.handles.clear();
  }

  private handleOf(segment: Segment): Promise<FileHandle> {
    const opened = this.handles.get(segment);
    if (opened !== undefined) return opened;
    const handle = open(segment.path, 'r');
    this.handles.set(segment, handle);
    handle.catch(() => this.handles.delete(segment));
    return handle;
  }

  private async remove(segment: Segment): Promise<void> {
    try {
      const handle = this.handles.get(segment);
      this.handles.delete(segment);
      // Waits for reads that are under way.
      if (handle !== undefined) await (await handle).close();
      await rm(segment.path, { force: true });
    } catch (error) {
      // Recovery finds it again, and the next trim after that removes it.
      this.log.error('A segment could not be removed', { error, segment: segment.path });
    }
  }

  private async moveAside(segment: Segment, handle: FileHandle, offset: number): Promise<Mark> {
    const limit: Mark = { offset: segment.end, sequence: segment.endSequence };
    const bytes = await readFully(handle, filePosition(segment, offset), limit.offset - offset);
    const found = findRecord(bytes, Math.min(1, bytes.length), { seed: segment.seed, offset: offset + 1 });
    const next: Mark =
      found === undefined
        ? limit
        : { offset: offset + found.at, sequence: segment.firstSequence + found.record.index };
    this.damage.set(offset, next);
    const stretch = bytes.subarray(0, next.offset - offset);
    await quarantineStretch(segment.path, offset, stretch, this.log);
    return next;
  }
}
