import { join } from 'node:path';
import type { Clock } from '../../../domain/clock.ts';
import type { Log } from '../../../domain/log.ts';
import type { Bus, EventQueue } from '../port.ts';
import { DeadLetterLog } from './dead-letter-log.ts';
import { DeliveryQueue } from './delivery-queue.ts';
import { type QueuePosition, readPosition, writePosition } from './offset-file.ts';
import { type Mark, makeDirectory, type OpenSegmentFile, openDiskFile } from './segment.ts';
import { SegmentLog } from './segment-log.ts';
import { SegmentLogBus } from './segment-log-bus.ts';

const mebibyte = 1024 * 1024;

export interface SegmentLogBusOptions {
  /** Where everything is kept; made when it is not there. One process at a time may open it. */
  readonly directory: string;
  readonly clock: Clock;
  readonly log: Log;
  /**
   * Bytes from the oldest batch that storage has not acknowledged to the newest; when they are reached, `publish`
   * rejects. Default 4 GiB. The disk holds at most this and `analyticsMaxBytes`, whichever is more, and one segment.
   */
  readonly maxBytes?: number;
  /**
   * Bytes that storage may have before it until publishers are held to its pace, each acknowledgement by a second at
   * most. Default 32 MiB.
   */
  readonly backlogBytes?: number;
  /** Bytes that are kept for an analytics queue which falls behind storage. Default 256 MiB, at most `maxBytes`. */
  readonly analyticsMaxBytes?: number;
  /** Bytes of dead letters; when they are reached, the batches stay in their queue. Default 256 MiB. */
  readonly deadLettersMaxBytes?: number;
  /** Bytes of a segment file. Default 64 MiB. */
  readonly segmentBytes?: number;
  /** Bytes of the newest batches that are kept in memory for consumers. Default 16 MiB. */
  readonly cacheBytes?: number;
  /** Milliseconds after which a publish that is not durable is refused. Default 5000. */
  readonly publishTimeoutMs?: number;
  /** Bytes that may wait for the disk at a time; more are refused at once. Default 64 MiB. */
  readonly waitingBytes?: number;
  /** How segment files are opened for writing; for tests of failing disks. */
  readonly openFile?: OpenSegmentFile;
}

/**
 * Opens the bus that lives in this process, on an append-only log in `directory`. What a crash left is recovered: a
 * torn tail is cut at the last whole record, and what was not acknowledged is delivered again.
 */
export async function openSegmentLogBus(options: SegmentLogBusOptions): Promise<Bus> {
  const { directory, clock, log } = options;
  const segmentBytes = options.segmentBytes ?? 64 * mebibyte;
  const maxBytes = options.maxBytes ?? 4096 * mebibyte;
  const offsets = join(directory, 'offsets');
  await makeDirectory(offsets);
  const path = (queue: EventQueue): string => join(offsets, queue);
  const positions = {
    'events.storage': await openPosition(path('events.storage'), log),
    'events.analytics': await openPosition(path('events.analytics'), log),
  };
  const common = {
    log,
    timeoutMs: options.publishTimeoutMs ?? 5000,
    waitingBytes: options.waitingBytes ?? 64 * mebibyte,
    openFile: options.openFile ?? openDiskFile,
  };
  const nowhere: Mark = { offset: 0, sequence: 0 };
  const source = await SegmentLog.open({
    ...common,
    directory: join(directory, 'segments'),
    segmentBytes,
    cacheBytes: options.cacheBytes ?? 16 * mebibyte,
    floor: positions['events.storage']?.watermark ?? nowhere,
  });
  const deadSegmentBytes = Math.min(segmentBytes, 16 * mebibyte);
  const deadLetters = new DeadLetterLog({
    letters: await SegmentLog.open({
      ...common,
      directory: join(directory, 'dead'),
      segmentBytes: deadSegmentBytes,
      cacheBytes: 0,
      floor: nowhere,
    }),
    segmentBytes: deadSegmentBytes,
    maxBytes: options.deadLettersMaxBytes ?? 256 * mebibyte,
    log,
    republish: (entry) => bus.republish(entry),
  });
  const queue = (name: EventQueue): DeliveryQueue =>
    new DeliveryQueue({
      name,
      source,
      // Without a position everything that is there may have been handed out.
      position: positions[name] ?? { watermark: source.start, delivered: 0, clean: false },
      clock,
      log,
      addDeadLetter: (letter) => deadLetters.add(letter),
      onProgress: () => bus.onProgress(),
    });
  const bus = new SegmentLogBus({
    source,
    deadLetters,
    queues: { 'events.storage': queue('events.storage'), 'events.analytics': queue('events.analytics') },
    analyticsKept: positions['events.analytics'] !== undefined,
    maxBytes,
    backlogBytes: options.backlogBytes ?? 32 * mebibyte,
    analyticsMaxBytes: Math.min(options.analyticsMaxBytes ?? 256 * mebibyte, maxBytes),
    savePosition: (name, position, durable) => writePosition(path(name), position, durable),
    log,
  });
  bus.start();
  return bus;
}

/** From here on a crash may happen at any time, so an orderly close no longer vouches for the position. */
async function openPosition(path: string, log: Log): Promise<QueuePosition | undefined> {
  const position = await readPosition(path, log);
  if (position?.clean === true) await writePosition(path, { ...position, clean: false }, true);
  return position;
}
