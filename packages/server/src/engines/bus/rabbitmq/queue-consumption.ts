import { randomUUID } from 'node:crypto';
import type { AsyncMessage, Connection } from 'rabbitmq-client';
import type { Clock } from '../../../domain/clock.ts';
import type { Log } from '../../../domain/log.ts';
import type { ConsumeOptions, Consumption, Delivery, EventBatch, EventQueue } from '../port.ts';
import type { Burial } from './messages.ts';
import { decodeBatch } from './messages.ts';
import { Prefetch } from './prefetch.ts';
import { QueueChannel } from './queue-channel.ts';

/** Milliseconds until a channel that was lost, or a dead letter that was refused, is tried again. */
const retryDelayMs = 1000;

interface Held {
  readonly message: AsyncMessage;
  readonly batch: EventBatch;
  readonly channel: QueueChannel;
}

export interface QueueConsumptionOptions {
  readonly connection: Connection;
  readonly queue: EventQueue;
  /** Its name on the broker. */
  readonly queueName: string;
  readonly consume: ConsumeOptions;
  /** Messages that the broker sends ahead at most. */
  readonly prefetchCount: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Resolves when it is durable among the dead letters. */
  bury(message: AsyncMessage, id: string, burial: Burial): Promise<void>;
}

/**
 * A consumer on a channel of its own, opened again whenever it is lost. What the broker sends ahead of what the
 * consumer may have is held back here.
 */
export class QueueConsumption implements Consumption {
  private readonly options: QueueConsumptionOptions;
  private channel: QueueChannel | undefined;
  private held: Held[] = [];
  private heldFrom = 0;
  /** What the consumer has; cleared with the channel. */
  private readonly out = new Set<Held>();
  private outBytes = 0;
  private paused = false;
  private closed = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(options: QueueConsumptionOptions) {
    this.options = options;
  }

  /** Batches that the broker does not count as waiting any more. */
  get unanswered(): number {
    return this.held.length - this.heldFrom + this.out.size;
  }

  async open(): Promise<void> {
    const { connection, consume, prefetchCount, queueName, log } = this.options;
    let opened: QueueChannel | undefined;
    let lost = false;
    const channel = await QueueChannel.open({
      connection,
      queueName,
      prefetch: new Prefetch({
        count: Math.min(consume.prefetchCount, prefetchCount),
        bytes: consume.prefetchBytes,
      }),
      onMessage: (message) => {
        if (opened !== undefined) this.take(opened, message);
      },
      onError: (error) => log.error('A channel to RabbitMQ failed', { error, queue: queueName }),
      onLost: () => {
        lost = true;
        if (opened !== undefined) this.lost(opened);
      },
    });
    opened = channel;
    if (this.closed) return channel.close();
    this.channel = channel;
    if (lost) this.lost(channel);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    this.handOut();
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    clearTimeout(this.timer);
    this.forget();
    // The broker delivers what is unanswered on a closed channel to others.
    await this.channel?.close();
  }

  private lost(channel: QueueChannel): void {
    if (this.closed || this.channel !== channel) return;
    this.forget();
    this.reopenLater();
  }

  private reopenLater(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.open().catch((error: unknown) => {
        this.options.log.error('A queue of RabbitMQ cannot be consumed', {
          error,
          queue: this.options.queueName,
        });
        if (!this.closed) this.reopenLater();
      });
    }, retryDelayMs);
  }

  private forget(): void {
    this.held = [];
    this.heldFrom = 0;
    this.out.clear();
    this.outBytes = 0;
  }

  private take(channel: QueueChannel, message: AsyncMessage): void {
    if (this.closed || channel !== this.channel) return;
    const decoded = decodeBatch(message);
    if ('defect' in decoded) {
      this.refuse(channel, message, decoded.defect);
      return;
    }
    this.held.push({ message, batch: decoded.batch, channel });
    this.handOut();
  }

  /** The storage queue has a copy of whatever the analytics queue has, and one dead letter of it is enough. */
  private refuse(channel: QueueChannel, message: AsyncMessage, reason: string): void {
    const { queue, queueName, clock, log, bury } = this.options;
    log.error('A message that cannot be decoded was taken out of its queue', { queue: queueName, reason });
    if (queue !== 'events.storage') {
      channel.ack(message.deliveryTag);
      return;
    }
    // An id of ours, since it may have none, or any.
    bury(message, randomUUID(), { queue, reason, at: clock.now() }).then(
      () => channel.ack(message.deliveryTag),
      (error: unknown) => this.retryLater(error, () => channel.requeue(message.deliveryTag)),
    );
  }

  private retryLater(error: unknown, retry: () => void): void {
    this.options.log.error('A dead letter could not be written; its batch is delivered again', { error });
    setTimeout(retry, retryDelayMs).unref();
  }

  private handOut(): void {
    while (!this.paused && !this.closed) {
      const next = this.held[this.heldFrom];
      if (next === undefined) break;
      const { length } = next.batch.body;
      if (this.out.size >= this.options.consume.prefetchCount) break;
      if (this.out.size > 0 && this.outBytes + length > this.options.consume.prefetchBytes) break;
      this.heldFrom++;
      this.out.add(next);
      this.outBytes += length;
      this.options.consume.onDelivery(this.delivery(next));
    }
    if (this.heldFrom < this.held.length && this.heldFrom < 1024) return;
    this.held = this.held.slice(this.heldFrom);
    this.heldFrom = 0;
  }

  private delivery(held: Held): Delivery {
    const { message, batch, channel } = held;
    const count: unknown = message.headers?.['x-delivery-count'];
    const attempts = typeof count === 'number' ? count : 0;
    const id = message.messageId ?? '';
    let answered = false;
    const answer = (act: () => void): void => {
      if (answered || !this.out.has(held)) return;
      answered = true;
      act();
    };
    const finish = (send: () => void): void => {
      if (!this.out.delete(held)) return;
      this.outBytes -= batch.body.length;
      send();
      this.handOut();
    };
    const { deliveryTag } = message;
    const ack = (): void => finish(() => channel.ack(deliveryTag));
    const retry = (): void => finish(() => channel.requeue(deliveryTag));
    return {
      batch,
      id,
      attempts,
      redelivered: message.redelivered || attempts > 0,
      ack: () => answer(ack),
      retry: () => answer(retry),
      dead: (reason) =>
        answer(() => {
          const { queue, clock, bury } = this.options;
          bury(message, id, { queue, reason, at: clock.now() }).then(ack, (error: unknown) =>
            this.retryLater(error, retry),
          );
        }),
    };
  }
}
