import { unavailable } from './domain/errors.ts';
import type { Log } from './domain/log.ts';
import type { Timers } from './domain/timers.ts';
import type { Bus } from './engines/bus/port.ts';
import { replacing } from './replacing.ts';

/*
 * Stops the acceptance of events before the disk is full: what was accepted has to go from the bus into the store, on
 * the same disk, and the store needs room for its merges. Reading, storing and deleting go on.
 *
 *   accepting ──less free than the watermark──▶ refusing ──a tenth more than it is free──▶ accepting
 */

/** What `statfs` says of a disk. */
export interface DiskSpace {
  /** Blocks for this user. */
  readonly bavail: number;
  readonly blocks: number;
  readonly bsize: number;
}

export interface DiskWatermarkOptions {
  readonly directory: string;
  readonly minFreeBytes: number;
  readonly statfs: (directory: string) => Promise<DiskSpace>;
  readonly timers: Timers;
  readonly log: Log;
}

export interface DiskWatermark {
  readonly isLow: () => boolean;
  readonly freeBytes: () => number;
  readonly watermarkBytes: () => number;
  stop(): void;
}

/** A disk of a hundred megabytes a second fills a tenth of the default watermark between two looks. */
const lookEveryMs = 1000;
/** Of a small disk, the watermark is this part. */
const largestShare = 0.1;
/** So much more than the watermark is free before events are taken again. */
const resumeFactor = 1.1;
const retryAfterSeconds = 30;

/** Looks at once, and every second from then on. */
export async function watchDisk(options: DiskWatermarkOptions): Promise<DiskWatermark> {
  const { directory, minFreeBytes, statfs, timers, log } = options;
  let free = 0;
  let watermark = minFreeBytes;
  let low = false;
  let unknown = false;
  let stopped = false;
  let cancel = (): void => {};

  const judge = (): void => {
    const before = low;
    low = low ? free < watermark * resumeFactor : free < watermark;
    const fields = { directory, free_bytes: free, watermark_bytes: watermark };
    if (low && !before) log.error('The disk is nearly full: no events are accepted', fields);
    if (!low && before) log.info('The disk has room again: events are accepted', fields);
  };
  const look = async (): Promise<void> => {
    try {
      const space = await statfs(directory);
      free = space.bavail * space.bsize;
      watermark = Math.min(minFreeBytes, Math.floor(space.blocks * space.bsize * largestShare));
      unknown = false;
      judge();
    } catch (error) {
      if (!unknown) log.warning('The free space of the disk cannot be had', { directory, error });
      unknown = true;
    }
    if (!stopped) cancel = timers.after(lookEveryMs, () => void look());
  };
  await look();

  return {
    isLow: () => low,
    freeBytes: () => free,
    watermarkBytes: () => watermark,
    stop() {
      stopped = true;
      cancel();
    },
  };
}

/** The bus, which refuses events and says that it is not well while the disk is nearly full. */
export function withDiskWatermark<B extends Pick<Bus, 'publish' | 'ping'>>(
  bus: B,
  { isLow }: Pick<DiskWatermark, 'isLow'>,
): B {
  const orRefuse = (): void => {
    if (isLow())
      throw unavailable('The disk of the server is nearly full; no events are accepted', retryAfterSeconds);
  };
  return replacing<Pick<Bus, 'publish' | 'ping'>, B>(bus, {
    async publish(batches) {
      orRefuse();
      await bus.publish(batches);
    },
    async ping() {
      orRefuse();
      await bus.ping();
    },
  });
}
