import { closeSync, constants, openSync, write as writeAt } from 'node:fs';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { crc32 } from 'node:zlib';

/*
 * A segment is a file of records behind a header of 32 bytes:
 *
 *   0  8 bytes  magic and format version
 *   8  u64      base: the log offset of its first record
 *  16  u64      first sequence: how many records of the log stand before it
 *  24  u32      seed of the records' checksums
 *  28  u32      checksum of bytes 0 to 28
 *
 * Offsets count record bytes alone, from the beginning of the log, for ever; so one segment begins where the one
 * before it ends.
 */

export const segmentHeaderBytes = 32;
const magic = Buffer.from('SFLOG\0\0\x01', 'latin1');
const namePattern = /^\d{20}\.log$/;

export interface SegmentHeader {
  readonly base: number;
  readonly firstSequence: number;
  readonly seed: number;
}

/** A place in the log: bytes and records before it. */
export interface Mark {
  readonly offset: number;
  readonly sequence: number;
}

export interface Segment extends SegmentHeader {
  readonly path: string;
  /** The offset behind its last durable record. */
  end: number;
  /** The sequence behind its last durable record. */
  endSequence: number;
}

/** What writing a segment needs of a file; given, so that tests can make a disk fail. */
export interface SegmentFile {
  /** Writes all of the bytes or rejects; after a rejection any part of them may be in the file. */
  write(bytes: Buffer, position: number): Promise<void>;
  /** `fdatasync`. */
  sync(): Promise<void>;
  /** Writes all of the bytes where the file has space already, durable when it resolves; rejects like `write`. */
  writeThrough(bytes: Buffer, position: number): Promise<void>;
  truncate(length: number): Promise<void>;
  close(): Promise<void>;
}
/** Opens a file for writing; `create` fails when it is there already. */
export type OpenSegmentFile = (path: string, mode: 'create' | 'existing') => Promise<SegmentFile>;

export const openDiskFile: OpenSegmentFile = async (path, mode) => {
  const handle = await open(path, mode === 'create' ? 'wx' : 'r+', 0o600);
  const through = canWriteThrough ? await openWriteThrough(path, handle) : undefined;
  const write = async (bytes: Buffer, position: number): Promise<void> => {
    for (let written = 0; written < bytes.length; ) {
      const result = await handle.write(bytes, written, bytes.length - written, position + written);
      written += result.bytesWritten;
    }
  };
  return {
    write,
    sync: () => handle.datasync(),
    async writeThrough(bytes, position) {
      if (through !== undefined) return writeAll(through, bytes, position);
      await write(bytes, position);
      await handle.datasync();
    },
    truncate: (length) => handle.truncate(length),
    async close() {
      if (through !== undefined) closeSync(through);
      await handle.close();
    },
  };
};

/**
 * Linux writes and flushes in one call on a descriptor with O_DSYNC: one trip to the thread pool instead of two, with
 * two thirds of the CPU. Elsewhere O_DSYNC promises less than a flush does (macOS: F_FULLFSYNC).
 */
const canWriteThrough = process.platform === 'linux';

async function openWriteThrough(path: string, handle: FileHandle): Promise<number> {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_DSYNC);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** By descriptor and call-back: a FileHandle's promises cost more than the write itself does on this side. */
function writeAll(descriptor: number, bytes: Buffer, position: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const next = (from: number): void => {
      writeAt(descriptor, bytes, from, bytes.length - from, position + from, (error, count) => {
        if (error !== null) reject(error);
        else if (from + count < bytes.length) next(from + count);
        else resolve();
      });
    };
    next(0);
  });
}

export function segmentPath(directory: string, base: number): string {
  return join(directory, `${String(base).padStart(20, '0')}.log`);
}

export const isSegmentName = (name: string): boolean => namePattern.test(name);

export function encodeSegmentHeader(header: SegmentHeader): Buffer {
  const bytes = Buffer.alloc(segmentHeaderBytes);
  magic.copy(bytes);
  bytes.writeBigUInt64LE(BigInt(header.base), 8);
  bytes.writeBigUInt64LE(BigInt(header.firstSequence), 16);
  bytes.writeUInt32LE(header.seed, 24);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 28)), 28);
  return bytes;
}

/** Undefined when the bytes are not a whole segment header. */
export function decodeSegmentHeader(bytes: Buffer): SegmentHeader | undefined {
  if (bytes.length < segmentHeaderBytes || !bytes.subarray(0, 8).equals(magic)) return undefined;
  if (crc32(bytes.subarray(0, 28)) !== bytes.readUInt32LE(28)) return undefined;
  return {
    base: Number(bytes.readBigUInt64LE(8)),
    firstSequence: Number(bytes.readBigUInt64LE(16)),
    seed: bytes.readUInt32LE(24),
  };
}

/** The position in the segment's file of an offset of the log. */
export function filePosition(segment: SegmentHeader, offset: number): number {
  return segmentHeaderBytes + (offset - segment.base);
}

/** Reads `length` bytes from `position`, fewer where the file ends. */
export async function readFully(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length);
  let read = 0;
  while (read < length) {
    const result = await handle.read(bytes, read, length - read, position + read);
    if (result.bytesRead === 0) break;
    read += result.bytesRead;
  }
  return bytes.subarray(0, read);
}

/** Makes a directory that is there after a power failure, too. */
export async function makeDirectory(directory: string): Promise<void> {
  const first = await mkdir(directory, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  const above = dirname(resolve(first));
  for (let made = resolve(directory); made !== above; made = dirname(made))
    await syncDirectory(dirname(made));
}

/** Makes names that were created, renamed or removed in a directory durable. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
