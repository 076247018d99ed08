import { randomInt } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Log } from '../../../domain/log.ts';
import { encodeRecord, type LogEntry } from './record.ts';
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

/**
 * Space is set aside in steps of so many bytes of zeros: a flush that overwrites them leaves the file's size alone,
 * which spares the file system a commit of its journal. Large flushes gain nothing by it.
 */
const spaceStepBytes = 1024 * 1024;
const largeFlushBytes = spaceStepBytes / 4;

export interface SegmentWriterOptions {
  readonly directory: string;
  readonly segmentBytes: number;
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

interface ActiveSegment {
  readonly segment: Segment;
  readonly file: SegmentFile;
  /** The length of the file, set-aside space included. */
  length: number;
}

/**
 * Writes to the last segment and makes the next one when it is long enough.
 *
 * A failed write is cut off again and the segment goes on. After a failed flush nothing is known about the pages
 * behind the durable end, and a second flush that succeeds would prove nothing (Linux drops them and reports the error
 * once): the segment is given up and the next write opens a new one.
 */
export class SegmentWriter {
  private readonly options: SegmentWriterOptions;
  private active: ActiveSegment | undefined;

  constructor(options: SegmentWriterOptions) {
    this.options = options;
  }

  /** Goes on with a segment that recovery left. */
  async resume(segment: Segment): Promise<void> {
    const file = await this.options.openFile(segment.path, 'existing');
    this.active = { segment, file, length: filePosition(segment, segment.end) };
  }

  /** Bytes of records that a segment of the usual length holds. */
  get segmentSpace(): number {
    return this.options.segmentBytes - segmentHeaderBytes;
  }

  /** Writes the entries, `bytes` long, and flushes them; without entries it proves that there is room. */
  async write(entries: readonly LogEntry[], bytes: number): Promise<void> {
    const active = await this.activeFor(bytes);
    const { segment } = active;
    const chunk = Buffer.allocUnsafeSlow(bytes);
    let at = 0;
    let index = segment.endSequence - segment.firstSequence;
    for (const entry of entries) {
      at = encodeRecord(chunk, at, entry, { seed: segment.seed, offset: segment.end + at, index });
      index++;
    }
    const position = filePosition(segment, segment.end);
    // Into space that was set aside; an empty flush is a probe, and needs new space to prove anything.
    if (bytes > 0 && position + bytes <= active.length) await this.overwrite(active, chunk, position);
    else await this.extend(active, chunk, position);
    const offset = segment.end;
    segment.end += bytes;
    segment.endSequence = segment.firstSequence + index;
    if (bytes > 0) this.options.onDurable(segment, offset, chunk);
  }

  private async overwrite(active: ActiveSegment, chunk: Buffer, position: number): Promise<void> {
    try {
      await active.file.writeThrough(chunk, position);
    } catch (error) {
      // Only a full disk is known to have failed before the flush.
      if (isDiskFull(error)) await this.cut(active, position);
      else await this.abandon(active);
      throw error;
    }
  }

  private async extend(active: ActiveSegment, chunk: Buffer, position: number): Promise<void> {
    try {
      await active.file.write(chunk, position);
      await this.setSpaceAside(active, position + chunk.length, chunk.length);
    } catch (error) {
      await this.cut(active, position);
      throw error;
    }
    try {
      await active.file.sync();
    } catch (error) {
      await this.abandon(active);
      throw error;
    }
  }

  /** Closes the file without the space that was set aside. */
  async close(): Promise<void> {
    const active = this.active;
    this.active = undefined;
    if (active !== undefined) await this.closeFile(active);
  }

  private async setSpaceAside(active: ActiveSegment, written: number, flushed: number): Promise<void> {
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
      await this.close();
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
}

const isDiskFull = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
