import { describe, expect, it } from 'vitest';
import { type DiskSpace, watchDisk, withDiskWatermark } from './disk-watermark.ts';
import { silentLog } from './domain/log.ts';

const kilobyte = 1024;

/** A disk of 10,000 blocks of 1 KiB with a watermark that the test says, and a timer that it drives. */
async function watch(minFreeKilobytes: number, disk: { free: number; failure?: Error }) {
  const told: string[] = [];
  const due: (() => void)[] = [];
  const tell = (message: string): void => void told.push(message);
  const watermark = await watchDisk({
    directory: '/data',
    minFreeBytes: minFreeKilobytes * kilobyte,
    statfs: async (): Promise<DiskSpace> => {
      if (disk.failure !== undefined) throw disk.failure;
      return { bavail: disk.free, blocks: 10_000, bsize: kilobyte };
    },
    timers: {
      after(_, run) {
        due.push(run);
        return () => void due.splice(due.indexOf(run), 1);
      },
    },
    log: { ...silentLog, error: tell, info: tell, warning: tell },
  });
  const lookAgain = async (): Promise<void> => {
    due.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { watermark, told, due, lookAgain };
}

describe('watchDisk', () => {
  it('knows a full disk before the first event, and takes events again when a tenth more is free', async () => {
    const disk = { free: 499 };
    const { watermark, told, lookAgain } = await watch(500, disk);
    expect(watermark.isLow()).toBe(true);
    for (const [free, low] of [
      [500, true],
      [549, true],
      [551, false],
      [500, false],
      [499, true],
    ] as const) {
      disk.free = free;
      await lookAgain();
      expect([free, watermark.isLow()]).toEqual([free, low]);
    }
    expect(told).toEqual([
      'The disk is nearly full: no events are accepted',
      'The disk has room again: events are accepted',
      'The disk is nearly full: no events are accepted',
    ]);
  });

  it('is a tenth of a small disk', async () => {
    const { watermark } = await watch(5000, { free: 1001 });
    expect(watermark.watermarkBytes()).toBe(1000 * kilobyte);
    expect(watermark.isLow()).toBe(false);
  });

  it('keeps what it knew while the disk cannot be asked, and says so once', async () => {
    const disk: { free: number; failure?: Error } = { free: 10 };
    const { watermark, told, lookAgain } = await watch(500, disk);
    disk.failure = new Error('EIO');
    await lookAgain();
    await lookAgain();
    expect(watermark.isLow()).toBe(true);
    expect(told.slice(1)).toEqual(['The free space of the disk cannot be had']);
  });

  it('looks no more once it is stopped', async () => {
    const { watermark, due } = await watch(500, { free: 1000 });
    expect(due).toHaveLength(1);
    watermark.stop();
    expect(due).toHaveLength(0);
  });
});

describe('withDiskWatermark', () => {
  it('refuses events with 503 and is not ready while the disk is nearly full, and passes all else on', async () => {
    let low = true;
    const published: unknown[] = [];
    const bus = {
      publish: async (batches: readonly unknown[]) => void published.push(...batches),
      ping: async () => {},
      depth: async () => 7,
    };
    const guarded = withDiskWatermark(bus, { isLow: () => low });
    const batch = {
      headers: { schema: 1, project: 'default', type: 'x', count: 1, client_ids: false } as const,
      body: Buffer.from('{}\n'),
    };
    await expect(guarded.publish([batch])).rejects.toMatchObject({
      code: 'ServiceUnavailable',
      retryAfter: 30,
    });
    await expect(guarded.ping()).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    expect(await guarded.depth()).toBe(7);
    low = false;
    await guarded.publish([batch]);
    await guarded.ping();
    expect(published).toEqual([batch]);
  });
});
