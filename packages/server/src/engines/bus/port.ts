import type { EventBatchHeaders } from '@streamflow/contracts';

/** A batch of events on its way from ingestion to the consumers of the `events` exchange. */
export interface EventBatch {
  readonly headers: EventBatchHeaders;
  /** NDJSON, `headers.count` lines, each ended by a line feed. */
  readonly body: Buffer;
}

/** The durable queues that are bound to the `events` exchange. */
export type EventQueue = 'events.storage' | 'events.analytics';
/** These and the dead letters. */
export type QueueName = EventQueue | 'events.dead';

/** A live message on the `analytics` or `alerts` exchange. */
export interface LiveMessage {
  readonly routingKey: string;
  readonly body: Buffer;
}
export type LiveExchange = 'analytics' | 'alerts';

/** One batch as handed to a consumer, which answers it exactly once: ack, retry or dead. */
export interface Delivery {
  readonly batch: EventBatch;
  /** Stable over redeliveries of the same batch and unique among batches. */
  readonly id: string;
  /**
   * How often it was handed out before; 0 at first. After a crash it may be less than the truth, and a batch that a
   * broker had sent to a consumer which went away before looking at it counts as handed out.
   */
  readonly attempts: number;
  /** Whether it may have been handed out before, to anyone: after a crash, and after `retry`. */
  readonly redelivered: boolean;
  /** Done: it will not be delivered to this queue again. */
  ack(): void;
  /** Not now: it is delivered again, after others perhaps. */
  retry(): void;
  /** Never: it moves to the dead letters with the reason, and counts as acknowledged once it is durable there. */
  dead(reason: string): void;
}

export interface ConsumeOptions {
  /** At most so many bytes of bodies unanswered at a time (one batch is always allowed). */
  readonly prefetchBytes: number;
  /** At most so many batches unanswered at a time. */
  readonly prefetchCount: number;
  /** Called in queue order as far as there are no redeliveries. Must not throw. */
  onDelivery(delivery: Delivery): void;
  /**
   * Called when batches were dropped before this queue's consumers saw them (never for `events.storage`); one of the
   * consumers is told, of at least so many batches, perhaps in several calls.
   */
  onGap?(gap: { readonly batches: number; readonly reason: string }): void;
}

export interface Consumption {
  /** Stops deliveries; those under way may still be answered. */
  pause(): void;
  resume(): void;
  /** Ends the consumption; what is unanswered is delivered again later. */
  close(): Promise<void>;
}

export interface QueueDepth {
  /**
   * Batches that are published and not acknowledged, those under way included (with a broker, those under way in this
   * process); of the dead letters those that are neither replayed nor dropped.
   */
  readonly batches: number;
  /** An estimate where a broker does not tell. */
  readonly bytes: number;
}

/** What is known of a dead letter without its content. */
export interface DeadLetterInfo {
  /** The same until it is replayed or dropped. Letters, digits, `_` and `-`. */
  readonly id: string;
  /** The queue that it was taken from. */
  readonly queue: EventQueue;
  readonly reason: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Null when this version cannot decode the message: it is none of ours, or of a later version. */
  readonly batch: EventBatchHeaders | null;
  /** Of the body. */
  readonly bytes: number;
}

export interface DeadLetter extends DeadLetterInfo {
  /** As they came, decodable or not. */
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/**
 * Batches that cannot be processed, until a person decides. What cannot be decoded has no project and counts as the
 * default project's. Every method rejects with `ServiceUnavailable` when the bus is away.
 */
export interface DeadLetters {
  /** Oldest first; `total` counts all of the project. */
  list(
    project: string,
    page: { readonly offset: number; readonly limit: number },
  ): Promise<{ readonly letters: readonly DeadLetterInfo[]; readonly total: number }>;
  get(project: string, id: string): Promise<DeadLetter | null>;
  /**
   * Publishes it again to the queue that it was taken from, and to no other, and removes it only when it is durable
   * there: after a crash in between it may be in both. Its ids count as known from then on (`client_ids`), since its
   * first way may have stored some. Resolves with null when there is no such letter.
   */
  replay(project: string, id: string): Promise<DeadLetterInfo | null>;
  /** Removes it for ever. Resolves with null when there is no such letter. */
  drop(project: string, id: string): Promise<DeadLetterInfo | null>;
}

/**
 * The way from ingestion to the consumers.
 *
 * - **Acknowledgement.** `publish` resolves when every batch is durable (flushed to disk, or confirmed by the broker as
 *   persistent) and bound for the storage queue; not before. It rejects with `ServiceUnavailable` when that cannot be
 *   had within the publish timeout, when the bus is full, or when it is away; then some of the batches may be durable
 *   all the same, and the caller answers its client "unanswered".
 *   While storage has much before it, `publish` may resolve up to a second after that, so that publishers who wait for it
 *   keep to the pace of storage.
 * - **Order.** A queue hands out what one publisher publishes in its order, but for redeliveries: batches of a publish as
 *   they stand, and publishes that wait for each other. Between queues there is none.
 * - **Duplicates.** At least once: a batch that was not acknowledged is delivered again after a crash, a `retry` or a
 *   lost connection, with `redelivered` set.
 * - **Full.** Only `events.storage` holds publishing up: when what it has not acknowledged reaches the limit, `publish`
 *   rejects. Other queues drop their oldest and tell `onGap`.
 * - **Consumers** of the same queue compete: a batch goes to one of them. Answers count once, and only while the
 *   consumption is open.
 * - **Live messages** are not durable: they reach the subscribers of that moment, in order from one publisher, and are
 *   dropped when the bus is away.
 */
export interface Bus {
  publish(batches: readonly EventBatch[]): Promise<void>;
  consume(queue: EventQueue, options: ConsumeOptions): Promise<Consumption>;
  publishLive(exchange: LiveExchange, message: LiveMessage): void;
  /** `pattern` is a topic pattern: words separated by dots, `*` one word, `#` any number of words. */
  subscribeLive(
    exchange: LiveExchange,
    pattern: string,
    onMessage: (message: LiveMessage) => void,
  ): Promise<{ close(): Promise<void> }>;
  depth(queue: QueueName): Promise<QueueDepth>;
  readonly deadLetters: DeadLetters;
  /** Resolves when the bus could take a batch now; rejects with the reason when not. */
  ping(): Promise<void>;
  /** Refuses new batches, ends consumption, flushes, closes. */
  close(): Promise<void>;
}
