import { Connection } from 'rabbitmq-client';
import type { Clock } from '../../../domain/clock.ts';
import { unavailable } from '../../../domain/errors.ts';
import type { Log } from '../../../domain/log.ts';
import type { Bus } from '../port.ts';
import { RabbitmqBus } from './rabbitmq-bus.ts';
import { topologyOf } from './topology.ts';

const mebibyte = 1024 * 1024;

export interface RabbitmqBusOptions {
  /** `amqp://user:password@host:port/vhost`, or `amqps://`. */
  readonly url: string;
  readonly clock: Clock;
  /** From 0 up to and without 1; spreads reconnecting. */
  readonly random: () => number;
  readonly log: Log;
  /** Put before every name of an exchange or queue. Default: none. */
  readonly prefix?: string;
  /** Default `events`, `analytics`, `alerts`. */
  readonly exchanges?: { readonly events: string; readonly analytics: string; readonly alerts: string };
  /** Seconds; a broker that is silent for so long is gone. 0: no heartbeats where we publish. Default 60. */
  readonly heartbeatSeconds?: number;
  /** Milliseconds after which a publish that is not confirmed is refused. Default 5000. */
  readonly publishTimeoutMs?: number;
  /** Bytes that may wait for their confirm; more are refused at once. Default 64 MiB. */
  readonly inFlightBytes?: number;
  /** Milliseconds between looks whether the storage queue is still there. Default 1000. */
  readonly lookMs?: number;
  /** Milliseconds before a lost connection is opened again: at first, and at most. Default 100 and 5000. */
  readonly reconnectMs?: { readonly first: number; readonly most: number };
  /** Batches that the broker sends a consumer ahead of its answers, at most. Default 4000. */
  readonly prefetchCount?: number;
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
}

/**
 * Opens the bus on a RabbitMQ server and declares what it needs there.
 *
 * @throws StreamFlowError `ServiceUnavailable` when the broker cannot be reached in time, or has something of the same
 *   name and other arguments; the message says what to do.
 */
export async function openRabbitmqBus(options: RabbitmqBusOptions): Promise<Bus> {
  const { url, clock, random, log } = options;
  const publishTimeoutMs = options.publishTimeoutMs ?? 5000;
  const heartbeatSeconds = options.heartbeatSeconds ?? 60;
  const reconnectMs = options.reconnectMs ?? { first: 100, most: 5000 };
  // An alarm of the broker blocks a connection that publishes; consumers must go on to make room.
  const consuming = new Connection({
    url,
    connectionName: 'streamflow consumer',
    // The client gives up after twice the time that it is told.
    heartbeat: Math.ceil(heartbeatSeconds / 2),
    acquireTimeout: publishTimeoutMs,
    connectionTimeout: publishTimeoutMs,
    retryLow: reconnectMs.first,
    retryHigh: reconnectMs.most,
    noDelay: true,
  });
  consuming.on('error', (error: unknown) => {
    log.error('The connection to RabbitMQ that consumes failed', { error });
  });
  const bus = new RabbitmqBus({
    consuming,
    publishing: {
      url,
      name: 'streamflow publisher',
      heartbeatSeconds,
      openTimeoutMs: publishTimeoutMs,
      publishTimeoutMs,
    },
    topology: topologyOf({
      prefix: options.prefix ?? '',
      exchanges: options.exchanges ?? { events: 'events', analytics: 'analytics', alerts: 'alerts' },
      storageMaxBatches: options.storageMaxBatches ?? 100_000,
      storageMaxBytes: options.storageMaxBytes ?? 4096 * mebibyte,
      analyticsMaxBytes: options.analyticsMaxBytes ?? 256 * mebibyte,
      deadLettersMaxBytes: options.deadLettersMaxBytes ?? 256 * mebibyte,
      deliveryLimit: options.deliveryLimit ?? 10_000,
    }),
    lookMs: options.lookMs ?? 1000,
    inFlightBytes: options.inFlightBytes ?? 64 * mebibyte,
    prefetchCount: options.prefetchCount ?? 4000,
    reconnectMs,
    random,
    clock,
    log,
  });
  try {
    await bus.start();
  } catch (error) {
    bus.abandon();
    const { host } = new URL(url);
    const reason = error instanceof Error ? error.message : String(error);
    throw unavailable(`RabbitMQ at ${host} cannot be used: ${reason}`, 1, error);
  }
  return bus;
}
