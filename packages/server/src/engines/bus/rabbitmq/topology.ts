import type { PublisherProps } from 'rabbitmq-client';
import type { EventQueue, LiveExchange } from '../port.ts';

const dayMs = 24 * 60 * 60 * 1000;

export interface TopologyOptions {
  /** Put before every name, so that installations share a broker. */
  readonly prefix: string;
  readonly storageMaxBatches: number;
  readonly storageMaxBytes: number;
  readonly analyticsMaxBytes: number;
  readonly deadLettersMaxBytes: number;
  /** Deliveries after which the broker itself gives a batch up. */
  readonly deliveryLimit: number;
}

type Required<Key extends keyof PublisherProps> = NonNullable<PublisherProps[Key]>;

/** What the broker must have, by name; every declaration is repeated on each connection. */
export interface Topology {
  readonly events: string;
  readonly deadLetters: string;
  queue(queue: EventQueue): string;
  live(exchange: LiveExchange): string;
  readonly deadQueue: string;
  /** Where the broker puts what it dropped from the analytics queue, so that a consumer learns of it. */
  readonly droppedQueue: string;
  readonly exchanges: Required<'exchanges'>;
  readonly queues: Required<'queues'>;
  readonly bindings: Required<'queueBindings'>;
}

export function topologyOf(options: TopologyOptions): Topology {
  const named = (name: string): string => `${options.prefix}${name}`;
  const events = named('events');
  const deadLetters = named('events.dlx');
  const dropped = named('events.dropped');
  const deadQueue = named('events.dead');
  const droppedQueue = named('events.analytics.dropped');
  const storage = named('events.storage');
  const analytics = named('events.analytics');
  return {
    events,
    deadLetters,
    queue: named,
    live: named,
    deadQueue,
    droppedQueue,
    exchanges: [events, named('analytics'), named('alerts'), deadLetters, dropped].map((exchange) => ({
      exchange,
      type: 'topic',
      durable: true,
    })),
    queues: [
      {
        queue: storage,
        durable: true,
        arguments: {
          'x-queue-type': 'quorum',
          'x-max-length': options.storageMaxBatches,
          'x-max-length-bytes': options.storageMaxBytes,
          'x-overflow': 'reject-publish',
          'x-message-ttl': dayMs,
          'x-dead-letter-exchange': deadLetters,
          'x-dead-letter-strategy': 'at-least-once',
          'x-delivery-limit': options.deliveryLimit,
        },
      },
      {
        queue: analytics,
        durable: true,
        arguments: {
          'x-queue-type': 'quorum',
          'x-max-length-bytes': options.analyticsMaxBytes,
          'x-overflow': 'drop-head',
          'x-dead-letter-exchange': dropped,
        },
      },
      {
        queue: deadQueue,
        durable: true,
        arguments: {
          'x-queue-type': 'quorum',
          'x-max-length-bytes': options.deadLettersMaxBytes,
          'x-overflow': 'reject-publish',
        },
      },
      // Only their number matters: what does not fit here is missing from the count.
      {
        queue: droppedQueue,
        durable: true,
        arguments: { 'x-max-length': 10_000, 'x-max-length-bytes': 1 << 20 },
      },
    ],
    bindings: [
      { queue: storage, exchange: events, routingKey: 'events.#' },
      { queue: analytics, exchange: events, routingKey: 'events.#' },
      { queue: deadQueue, exchange: deadLetters, routingKey: '#' },
      { queue: droppedQueue, exchange: dropped, routingKey: '#' },
    ],
  };
}
