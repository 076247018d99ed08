import { mkdir, rename, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Log } from '../../../domain/log.ts';

/** Keeps the bytes of a damaged stretch of a segment, for a person to look at, and says so loudly. */
export async function quarantineStretch(
  segmentFile: string,
  offset: number,
  bytes: Buffer,
  log: Log,
): Promise<void> {
  const directory = await quarantineDirectory(segmentFile);
  const path = join(directory, `${offset}-${bytes.length}.damaged`);
  await writeFile(path, bytes, { mode: 0o600 });
  log.critical('A damaged stretch of the log was moved aside', {
    segment: segmentFile,
    offset,
    bytes: bytes.length,
    kept_as: path,
  });
}

/** Moves a segment whose header cannot be read out of the way, and says so loudly. */
export async function quarantineSegment(segmentFile: string, log: Log): Promise<void> {
  const path = join(await quarantineDirectory(segmentFile), basename(segmentFile));
  await rename(segmentFile, path);
  log.critical('A segment without a readable header was moved aside', {
    segment: segmentFile,
    kept_as: path,
  });
}

async function quarantineDirectory(segmentFile: string): Promise<string> {
  const directory = join(dirname(segmentFile), 'quarantine');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  return directory;
}
