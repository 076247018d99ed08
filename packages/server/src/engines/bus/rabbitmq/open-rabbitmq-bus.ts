import { Connection, type ConnectionOptions } from 'rabbitmq-client';
import type { Clock } from '../../../domain/clock.ts';
import { unavailable } from '../../../domain/errors.ts';
import type { Log } from '../../../domain/log.ts';
import type { Bus } from '../port.ts';
import { RabbitmqBus } from './rabbitmq-bus.ts';
import { topologyOf } from './topology.ts';

const mebibyte = 1024 * 1024;

export interface RabbitmqBusOptions {
  /** `amqp://user:password@host:port/vhost` */
  readonly url: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Put before every name of an exchange or queue. Default: none. */
  readonly prefix?: string;
  /** Milliseconds after which a publish that is not confirmed is refused. Default 5000. */
  readonly publishTimeoutMs?: number;
  /** Batches after which the storage queue is full. Default 100,000. */
  readonly storageMaxBatches?: number;
  /** Bytes after which the storage queue is full. Default 4 GiB. */
  readonly storageMaxBytes?: number;
  /** Bytes after which the analytics queue drops its oldest. Default 256 MiB. */
  readonly analyticsMaxBytes?: number;
  /** Bytes after which dead letters hold up the storage queue. Default 256 MiB. */
  readonly deadLettersMaxBytes?: number;
  /** Deliveries after which the broker moves a batch to the dead letters by itself. Default 10,000. */
  readonly deliveryLimit?: number;
  /** How connections are made; for tests that break them. */
  readonly connect?: (options: ConnectionOptions) => Connection;
}

/**
 * Opens the bus on a RabbitMQ server and declares what it needs there.
 *
 * @throws StreamFlowError `ServiceUnavailable` when the broker cannot be reached in time or refuses the declarations.
 */
export async function openRabbitmqBus(options: RabbitmqBusOptions): Promise<Bus> {
  const { url, clock, log } = options;
  const publishTimeoutMs = options.publishTimeoutMs ?? 5000;
  const connect = options.connect ?? ((settings: ConnectionOptions) => new Connection(settings));
  // An alarm of the broker blocks a connection that publishes; consumers must go on to make room.
  const connection = (purpose: string): Connection => {
    const made = connect({
      url,
      connectionName: `streamflow ${purpose}`,
      acquireTimeout: publishTimeoutMs,
      retryLow: 100,
      retryHigh: 5000,
    });
    made.on('error', (error: unknown) => log.error('The connection to RabbitMQ failed', { error, purpose }));
    return made;
  };
  const bus = new RabbitmqBus({
    publishing: connection('publisher'),
    consuming: connection('consumer'),
    topology: topologyOf({
      prefix: options.prefix ?? '',
      storageMaxBatches: options.storageMaxBatches ?? 100_000,
      storageMaxBytes: options.storageMaxBytes ?? 4096 * mebibyte,
      analyticsMaxBytes: options.analyticsMaxBytes ?? 256 * mebibyte,
      deadLettersMaxBytes: options.deadLettersMaxBytes ?? 256 * mebibyte,
      deliveryLimit: options.deliveryLimit ?? 10_000,
    }),
    publishTimeoutMs,
    clock,
    log,
  });
  try {
    await bus.start();
  } catch (error) {
    bus.abandon();
    const { host } = new URL(url);
    throw unavailable(`RabbitMQ at ${host} cannot be used`, 1, error);
  }
  return bus;
}
