import type { Connection } from 'rabbitmq-client';
import type { Log } from '../../../domain/log.ts';
import type { ConsumeOptions } from '../port.ts';
import type { Topology } from './topology.ts';

/** Milliseconds over which batches that the broker dropped are counted before a consumer is told. */
const gapReportMs = 100;

export interface WatchDroppedOptions {
  readonly connection: Connection;
  readonly topology: Topology;
  readonly log: Log;
  readonly onGap: NonNullable<ConsumeOptions['onGap']>;
}

/** Counts what the broker dropped from the analytics queue, and tells; answers how to end that. */
export async function watchDropped(options: WatchDroppedOptions): Promise<() => Promise<void>> {
  const { connection, topology, log, onGap } = options;
  let batches = 0;
  const report = setInterval(() => {
    if (batches === 0) return;
    onGap({ batches, reason: 'The broker dropped the oldest batches of the full analytics queue' });
    batches = 0;
  }, gapReportMs);
  const consumer = connection.createConsumer(
    { queue: topology.droppedQueue, queueOptions: { passive: true }, noAck: true },
    () => {
      batches++;
    },
  );
  consumer.on('error', (error) => log.error('Dropped batches cannot be counted', { error }));
  await new Promise<void>((ready) => consumer.once('ready', ready));
  return async () => {
    clearInterval(report);
    await consumer.close();
  };
}
