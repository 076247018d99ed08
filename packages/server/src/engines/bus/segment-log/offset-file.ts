import { open, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { crc32 } from 'node:zlib';
import type { Log } from '../../../domain/log.ts';
import { type Mark, syncDirectory } from './segment.ts';

/** Where a queue stands. */
export interface QueuePosition {
  /** Everything before it was answered. */
  readonly watermark: Mark;
  /** Nothing from here on was handed out, provided that `clean` is set. */
  readonly delivered: number;
  /** Written at an orderly close: `delivered` is exact. Otherwise anything may have been handed out since. */
  readonly clean: boolean;
}

/** Undefined when the file is not there or not whole, which an unflushed write may leave after a power failure. */
export async function readPosition(path: string, log: Log): Promise<QueuePosition | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  const [checksum, offset, sequence, delivered, clean] = text.trimEnd().split(' ');
  const whole = checksum === String(crc32(text.slice(text.indexOf(' ') + 1)));
  if (!whole || offset === undefined || sequence === undefined || delivered === undefined) {
    log.warning('The position of a queue cannot be read; it starts at the oldest batch that is kept', {
      path,
    });
    return undefined;
  }
  return {
    watermark: { offset: Number(offset), sequence: Number(sequence) },
    delivered: Number(delivered),
    clean: clean === 'clean',
  };
}

/**
 * Replaces the file in one step. Without `durable` a power failure may bring the older position back, which costs
 * redeliveries and nothing else.
 */
export async function writePosition(path: string, position: QueuePosition, durable: boolean): Promise<void> {
  const { watermark, delivered, clean } = position;
  const text = `${watermark.offset} ${watermark.sequence} ${delivered} ${clean ? 'clean' : 'open'}\n`;
  const next = `${path}.next`;
  await writeFile(next, `${crc32(text)} ${text}`, { mode: 0o600 });
  if (durable) {
    const handle = await open(next, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }
  await rename(next, path);
  if (durable) await syncDirectory(dirname(path));
}
