import { statfs } from 'node:fs/promises';
import type { Config } from './config/load.ts';
import { watchDisk, withDiskWatermark } from './disk-watermark.ts';
import type { Log } from './domain/log.ts';
import { systemTimers } from './domain/timers.ts';
import type { Bus } from './engines/bus/port.ts';
import type { Teardown } from './lifecycle.ts';
import type { Metrics } from './observability/metrics.ts';

interface Guarding {
  readonly config: Config;
  readonly log: Log;
  readonly metrics: Pick<Metrics, 'watchGauge'>;
  readonly teardown: Teardown;
}

/** Lets the bus refuse events before the disk of the data directory is full, where there is one. */
export async function guardDisk({ config, log, metrics, teardown }: Guarding, bus: Bus): Promise<Bus> {
  const { min_free_bytes: minFreeBytes } = config.bus;
  if (!config.keepsData || minFreeBytes === 0) return bus;
  const watermark = await watchDisk({
    directory: config.dataDir,
    minFreeBytes,
    statfs,
    timers: systemTimers,
    log,
  });
  teardown.push('disk watermark', () => watermark.stop());
  metrics.watchGauge(
    'streamflow_disk_free_bytes',
    'Free space on the disk of the data directory.',
    watermark.freeBytes,
  );
  metrics.watchGauge(
    'streamflow_disk_watermark_bytes',
    'Free space below which no events are accepted.',
    watermark.watermarkBytes,
  );
  return withDiskWatermark(bus, watermark);
}
