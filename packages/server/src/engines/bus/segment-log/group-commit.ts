import { randomInt } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { performance } from 'node:perf_hooks';
import { type StreamFlowError, unavailable } from '../../../domain/errors.ts';
import type { Log } from '../../../domain/log.ts';
import { encodeRecord, type LogEntry, recordBytes } from './record.ts';
import {
  encodeSegmentHeader,
  filePosition,
  type Mark,
  type OpenSegmentFile,
  type Segment,
  type SegmentFile,
  segmentHeaderBytes,
  segmentPath,
  syncDirectory,
} from './segment.ts';

/** Bytes that one flush writes at most (one append is always taken whole), so that no flush takes long. */
const flushBytes = 8 * 1024 * 1024;
/**
 * Space is set aside in steps of so many bytes of zeros: a flush that overwrites them leaves the file's size alone,
 * which spares the file system a commit of its journal. Large flushes gain nothing by it.
 */
const spaceStepBytes = 1024 * 1024;
const largeFlushBytes = spaceStepBytes / 4;

export interface GroupCommitOptions {
  readonly directory: string;
  readonly segmentBytes: number;
  /** Milliseconds after which an append that is not durable is refused. */
  readonly timeoutMs: number;
  /** Bytes that may wait for their flush; more are refused. */
  readonly waitingBytes: number;
  readonly log: Log;
  readonly openFile: OpenSegmentFile;
  /** The end of the log, where a segment that is made begins. */
  end(): Mark;
  /** A segment was made and is the last one now. */
  onSegment(segment: Segment): void;
  /** A segment was given up before anything in it was durable. */
  onSegmentRemoved(segment: Segment): void;
  /** The segment's end moved over the chunk, which is durable. */
  onDurable(segment: Segment, offset: number, chunk: Buffer): void;
}

interface Append {
  readonly entries: readonly LogEntry[];
  readonly bytes: number;
  readonly deadline: number;
  settled: boolean;
  resolve(): void;
  reject(error: StreamFlowError): void;
}

interface ActiveSegment {
  readonly segment: Segment;
  readonly file: SegmentFile;
  /** The length of the file, set-aside space included. */
  length: number;
}

/**
 * Writes appends to the last segment, all that wait together by one write and one flush. While a flush is under way
 * what arrives gathers for the next one.
 *
 * A failed write is cut off again and the segment goes on. After a failed flush nothing is known about the pages
 * behind the durable end, and a second flush that succeeds would prove nothing (Linux drops them and reports the error
 * once): the segment is given up and the next append opens a new one.
 */
export class GroupCommit {
  private readonly options: GroupCommitOptions;
  private active: ActiveSegment | undefined;
  private waiting: Append[] = [];
  /** Appends that are not answered, oldest first, and so by deadline; answered ones are skipped. */
  private unanswered: Append[] = [];
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  private failure: StreamFlowError | undefined;
  /** Bytes that were taken and are not durable. */
  unflushedBytes = 0;

  constructor(options: GroupCommitOptions) {
    this.options = options;
  }

  /** Goes on with a segment that recovery left. */
  async resume(segment: Segment): Promise<void> {
    const file = await this.options.openFile(segment.path, 'existing');
    this.active = { segment, file, length: filePosition(segment, segment.end) };
  }

  /** Resolves when the entries are durable; rejects with `ServiceUnavailable` otherwise. */
  append(entries: readonly LogEntry[]): Promise<void> {
    let bytes = 0;
    for (const entry of entries) bytes += recordBytes(entry);
    if (this.unflushedBytes > 0 && this.unflushedBytes + bytes > this.options.waitingBytes) {
      return Promise.reject(unavailable('The disk does not keep up: too much waits to be flushed'));
    }
    this.unflushedBytes += bytes;
    return new Promise((resolve, reject) => {
      const deadline = performance.now() + this.options.timeoutMs;
      const append: Append = { entries, bytes, deadline, settled: false, resolve, reject };
      this.waiting.push(append);
      this.unanswered.push(append);
      this.timer ??= setTimeout(() => this.expire(), this.options.timeoutMs);
      // After the events of this turn, so that all requests that a poll brings share the flush.
      this.running ??= new Promise((done) => setImmediate(() => done(this.run())));
    });
  }

  /** Proves that the log can be written: after a failure by writing, otherwise the last flush stands for it. */
  async probe(): Promise<void> {
    if (this.failure === undefined) return;
    await this.append([]);
  }

  /** Waits for what is under way, then closes the file without the space that was set aside. */
  async close(): Promise<void> {
    while (this.running !== undefined) await this.running;
    clearTimeout(this.timer);
    await this.closeActive();
  }

  private async run(): Promise<void> {
    while (this.waiting.length > 0) {
      const group = this.takeGroup();
      try {
        await this.flush(group);
        this.failure = undefined;
        for (const append of group) this.settle(append);
      } catch (error) {
        this.failure = unavailable('The log cannot be written', 1, error);
        this.options.log.error('A flush of the log failed', { error, segment: this.active?.segment.path });
        for (const append of group) this.settle(append, this.failure);
      }
      for (const append of group) this.unflushedBytes -= append.bytes;
      this.dropAnswered();
    }
    this.running = undefined;
  }

  private takeGroup(): Append[] {
    // A flush goes to one segment, which it must not make longer than it should be.
    const most = Math.min(flushBytes, this.options.segmentBytes - segmentHeaderBytes);
    let bytes = 0;
    let count = 0;
    for (const append of this.waiting) {
      if (count > 0 && bytes + append.bytes > most) break;
      bytes += append.bytes;
      count++;
    }
    const group = this.waiting.slice(0, count);
    this.waiting = this.waiting.slice(count);
    return group;
  }

  private async flush(group: readonly Append[]): Promise<void> {
    let bytes = 0;
    for (const append of group) bytes += append.bytes;
    const active = await this.activeFor(bytes);
    const { segment, file } = active;
    const chunk = Buffer.allocUnsafeSlow(bytes);
    let at = 0;
    let index = segment.endSequence - segment.firstSequence;
    for (const append of group) {
      for (const entry of append.entries) {
        at = encodeRecord(chunk, at, entry, { seed: segment.seed, offset: segment.end + at, index });
        index++;
      }
    }
    const position = filePosition(segment, segment.end);
    try {
      await file.write(chunk, position);
      await this.setSpaceAside(active, position + bytes, bytes);
    } catch (error) {
      await this.cut(active, position);
      throw error;
    }
    try {
      await file.sync();
    } catch (error) {
      await this.abandon(active);
      throw error;
    }
    const offset = segment.end;
    segment.end += bytes;
    segment.endSequence = segment.firstSequence + index;
    if (bytes > 0) this.options.onDurable(segment, offset, chunk);
  }

  private async setSpaceAside(active: ActiveSegment, written: number, flushed: number): Promise<void> {
    // An empty flush is a probe, and needs new space to prove anything.
    if (flushed > 0 && written <= active.length) return;
    const wanted = Math.min(written + spaceStepBytes, this.options.segmentBytes);
    if (flushed <= largeFlushBytes && wanted > written) {
      await active.file.write(Buffer.alloc(wanted - written), written);
      active.length = Math.max(active.length, wanted);
    }
    active.length = Math.max(active.length, written);
  }

  /** The segment that takes so many bytes: the last one, or a new one when they would make it too long. */
  private async activeFor(bytes: number): Promise<ActiveSegment> {
    const last = this.active;
    if (last !== undefined) {
      const { segment } = last;
      const fits = filePosition(segment, segment.end) + bytes <= this.options.segmentBytes;
      if (fits || segment.end === segment.base) return last;
      await this.closeActive();
    }
    const { directory, openFile, onSegment } = this.options;
    const { offset, sequence } = this.options.end();
    const header = { base: offset, firstSequence: sequence, seed: randomInt(1, 2 ** 32) };
    const path = segmentPath(directory, offset);
    const file = await openFile(path, 'create');
    try {
      await file.write(encodeSegmentHeader(header), 0);
      await syncDirectory(dirname(path));
    } catch (error) {
      await this.remove(path, file);
      throw error;
    }
    const segment: Segment = { ...header, path, end: offset, endSequence: sequence };
    this.active = { segment, file, length: segmentHeaderBytes };
    onSegment(segment);
    return this.active;
  }

  private async cut(active: ActiveSegment, length: number): Promise<void> {
    try {
      await active.file.truncate(length);
      active.length = length;
    } catch (error) {
      this.options.log.error('The tail of a failed write could not be cut', { error });
      await this.abandon(active);
    }
  }

  private async abandon(active: ActiveSegment): Promise<void> {
    this.active = undefined;
    const { segment, file } = active;
    if (segment.end === segment.base) {
      this.options.onSegmentRemoved(segment);
      await this.remove(segment.path, file);
      return;
    }
    // Recovery ignores what stands behind the next segment's base, so that a tail that cannot be cut does no harm.
    await this.closeFile(active);
  }

  private async closeActive(): Promise<void> {
    const active = this.active;
    this.active = undefined;
    if (active !== undefined) await this.closeFile(active);
  }

  private async closeFile({ segment, file }: ActiveSegment): Promise<void> {
    try {
      await file.truncate(filePosition(segment, segment.end));
    } catch (error) {
      this.options.log.warning('A segment could not be cut to its records', { error, segment: segment.path });
    }
    await file.close();
  }

  private async remove(path: string, file: SegmentFile): Promise<void> {
    await file.close();
    await rm(path, { force: true });
  }

  private settle(append: Append, error?: StreamFlowError): void {
    if (append.settled) return;
    append.settled = true;
    if (error === undefined) append.resolve();
    else append.reject(error);
  }

  private dropAnswered(): void {
    const first = this.unanswered.findIndex((append) => !append.settled);
    this.unanswered = first === -1 ? [] : this.unanswered.slice(first);
    if (this.unanswered.length > 0) return;
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private expire(): void {
    this.timer = undefined;
    const now = performance.now();
    for (const append of this.unanswered) {
      if (append.deadline > now) break;
      this.settle(append, unavailable('The log was not flushed within the publish timeout'));
    }
    // What was not handed to the disk yet is never written; what was may become durable all the same.
    for (const append of this.waiting) if (append.settled) this.unflushedBytes -= append.bytes;
    this.waiting = this.waiting.filter((append) => !append.settled);
    this.dropAnswered();
    const oldest = this.unanswered[0];
    if (oldest !== undefined) this.timer = setTimeout(() => this.expire(), oldest.deadline - now);
  }
}
