import { type FileHandle, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../../../domain/log.ts';
import { quarantineSegment } from './quarantine.ts';
import { findRecord, parseRecord } from './record.ts';
import {
  decodeSegmentHeader,
  filePosition,
  isSegmentName,
  readFully,
  type Segment,
  segmentHeaderBytes,
} from './segment.ts';

const windowBytes = 4 * 1024 * 1024;

/**
 * Finds the segments of a directory, oldest first, and cuts the torn tail of the last one at its last whole record.
 * Damage before whole records is left where it is: it is moved aside when a reader comes to it.
 */
export async function recoverSegments(directory: string, log: Log): Promise<Segment[]> {
  const names = (await readdir(directory)).filter(isSegmentName).sort();
  const found: { segment: Segment; size: number }[] = [];
  for (const [position, name] of names.entries()) {
    const path = join(directory, name);
    const opened = await readHeader(path);
    if (opened.header !== undefined) {
      const { base, firstSequence } = opened.header;
      found.push({
        segment: { ...opened.header, path, end: base, endSequence: firstSequence },
        size: opened.size - segmentHeaderBytes,
      });
    } else if (position === names.length - 1 && opened.empty) {
      log.warning('An empty segment was removed', { segment: path, bytes: opened.size });
      await rm(path);
    } else {
      await quarantineSegment(path, log);
    }
  }
  for (const [position, { segment, size }] of found.entries()) {
    const next = found[position + 1]?.segment;
    if (next === undefined) {
      await recoverTail(segment, segment.base + size, log);
      continue;
    }
    segment.end = Math.min(segment.base + size, next.base);
    segment.endSequence = next.firstSequence;
    if (segment.end < next.base) {
      log.critical('Part of the log is missing', {
        segment: segment.path,
        bytes: next.base - segment.end,
        offset: segment.end,
      });
    }
  }
  return found.map(({ segment }) => segment);
}

async function readHeader(path: string) {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const bytes = await readFully(handle, 0, Math.min(size, segmentHeaderBytes));
    const header = decodeSegmentHeader(bytes);
    // A crash right after a segment was made leaves less than a header, or one whose bytes never reached the disk.
    const empty =
      header === undefined &&
      size <= windowBytes &&
      (size < segmentHeaderBytes || isZero(await readFully(handle, 0, size)));
    return { header, size, empty };
  } finally {
    await handle.close();
  }
}

/** Walks the last segment, sets its end, and gives the file the length of its whole records. */
async function recoverTail(segment: Segment, limit: number, log: Log): Promise<void> {
  const handle = await open(segment.path, 'r+');
  try {
    let offset = segment.base;
    let torn = false;
    while (offset < limit) {
      const next = await walkWindow(handle, segment, offset, limit);
      if (next === undefined) {
        const rest = await readFully(handle, filePosition(segment, offset), limit - offset);
        const beyond = findRecord(rest, 1, { seed: segment.seed, offset: offset + 1 });
        if (beyond === undefined) {
          torn = !isZero(rest);
          break;
        }
        offset += beyond.at;
      } else {
        offset = next;
      }
    }
    // Space that was set aside ahead of the writer is zeros, and no damage.
    if (torn) {
      log.warning('A torn tail of the log was cut at the last whole record', {
        segment: segment.path,
        offset: segment.end,
        bytes: limit - segment.end,
      });
    }
    if (segment.end < limit) await handle.truncate(filePosition(segment, segment.end));
    // What was read may be in memory alone, written by a process that died before its flush.
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

/** Takes the whole records of one window into the segment; the offset behind them, or undefined when there is none. */
async function walkWindow(
  handle: FileHandle,
  segment: Segment,
  offset: number,
  limit: number,
): Promise<number | undefined> {
  let bytes = await readFully(handle, filePosition(segment, offset), Math.min(windowBytes, limit - offset));
  const first = parseRecord(bytes, 0, { seed: segment.seed, offset });
  if (first.kind === 'partial' && first.needed > bytes.length && first.needed <= limit - offset) {
    bytes = await readFully(handle, filePosition(segment, offset), first.needed);
  }
  let at = 0;
  for (;;) {
    const record = parseRecord(bytes, at, { seed: segment.seed, offset: offset + at });
    if (record.kind !== 'record') break;
    at = record.end;
    segment.end = offset + at;
    segment.endSequence = segment.firstSequence + record.index + 1;
  }
  return at === 0 ? undefined : offset + at;
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}
