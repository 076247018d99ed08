import { crc32 } from 'node:zlib';

/*
 * One record of a segment (little endian):
 *
 *   0  u32  checksum of bytes 4 to 20
 *   4  u32  checksum of meta and body
 *   8  u32  index: how many records of this segment stand before it
 *  12  u32  bytes of meta
 *  16  u32  bytes of body
 *  20  meta, body
 *
 * The header has a checksum of its own, so that a broken body does not cost the way to the next record. Checksums
 * start from the segment's random seed and the record's offset: what stands at another place, or in a body that a
 * client wrote, is never taken for a record.
 */

export const recordHeaderBytes = 20;

/** What stands in the log: a short text of the caller's and an opaque body. */
export interface LogEntry {
  readonly meta: string;
  readonly body: Buffer;
}

export interface RecordExtent {
  readonly kind: 'record';
  readonly index: number;
  /** Positions in the buffer that was parsed. */
  readonly metaStart: number;
  readonly bodyStart: number;
  readonly end: number;
}

export type ParsedRecord =
  | RecordExtent
  /** The buffer ends before the record does; so many bytes from its start would do, as far as is known. */
  | { readonly kind: 'partial'; readonly needed: number }
  /** `next` is where the next record starts when the header can be trusted. */
  | { readonly kind: 'damaged'; readonly next: number | undefined };

const checksumStart = (seed: number, offset: number): number => (seed ^ (offset >>> 0)) >>> 0;

/** Bytes that an entry takes in the log. */
export function recordBytes(entry: LogEntry): number {
  return recordHeaderBytes + Buffer.byteLength(entry.meta) + entry.body.length;
}

/** Writes an entry that will stand at `offset` of the log into `target`; returns the position behind it. */
export function encodeRecord(
  target: Buffer,
  at: number,
  entry: LogEntry,
  place: { readonly seed: number; readonly offset: number; readonly index: number },
): number {
  const metaStart = at + recordHeaderBytes;
  const metaBytes = target.write(entry.meta, metaStart);
  const bodyStart = metaStart + metaBytes;
  const end = bodyStart + entry.body.copy(target, bodyStart);
  const start = checksumStart(place.seed, place.offset);
  target.writeUInt32LE(crc32(target.subarray(metaStart, end), start), at + 4);
  target.writeUInt32LE(place.index, at + 8);
  target.writeUInt32LE(metaBytes, at + 12);
  target.writeUInt32LE(end - bodyStart, at + 16);
  target.writeUInt32LE(crc32(target.subarray(at + 4, metaStart), start), at);
  return end;
}

/**
 * Reads the record at `at`, which stands at `offset` of the log.
 * `trusted` skips the body's checksum, for bytes that never left memory.
 */
export function parseRecord(
  bytes: Buffer,
  at: number,
  place: { readonly seed: number; readonly offset: number; readonly trusted?: boolean },
): ParsedRecord {
  const metaStart = at + recordHeaderBytes;
  if (metaStart > bytes.length) return { kind: 'partial', needed: recordHeaderBytes };
  const start = checksumStart(place.seed, place.offset);
  const trusted = place.trusted === true;
  if (!trusted && crc32(bytes.subarray(at + 4, metaStart), start) !== bytes.readUInt32LE(at)) {
    return { kind: 'damaged', next: undefined };
  }
  const bodyStart = metaStart + bytes.readUInt32LE(at + 12);
  const end = bodyStart + bytes.readUInt32LE(at + 16);
  if (end > bytes.length) return { kind: 'partial', needed: end - at };
  if (!trusted && crc32(bytes.subarray(metaStart, end), start) !== bytes.readUInt32LE(at + 4)) {
    return { kind: 'damaged', next: end };
  }
  return { kind: 'record', index: bytes.readUInt32LE(at + 8), metaStart, bodyStart, end };
}

/** The first whole record from `at` on, with its position; for the way past damage. */
export function findRecord(
  bytes: Buffer,
  at: number,
  place: { readonly seed: number; readonly offset: number },
): { readonly at: number; readonly record: RecordExtent } | undefined {
  for (let from = at; from + recordHeaderBytes <= bytes.length; from++) {
    // Three plain reads rule out nearly every position before a checksum is computed.
    const left = bytes.length - from - recordHeaderBytes;
    const metaBytes = bytes.readUInt32LE(from + 12);
    if (metaBytes === 0 || metaBytes > left || bytes.readUInt32LE(from + 16) > left - metaBytes) continue;
    const record = parseRecord(bytes, from, { seed: place.seed, offset: place.offset + (from - at) });
    if (record.kind === 'record') return { at: from, record };
  }
  return undefined;
}
