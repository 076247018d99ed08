import type { AsyncMessage, Channel, Connection } from 'rabbitmq-client';
import type { Clock } from '../../../domain/clock.ts';
import type { Log } from '../../../domain/log.ts';
import type { ConsumeOptions, Consumption, DeadLetter, Delivery, EventBatch, EventQueue } from '../port.ts';
import { decodeBatch } from './messages.ts';

/** Milliseconds until a channel that was lost, or a dead letter that was refused, is tried again. */
const retryDelayMs = 1000;
/** AMQP counts prefetched messages in 16 bits. */
const maxPrefetch = 65_535;

interface Held {
  readonly message: AsyncMessage;
  readonly batch: EventBatch;
  readonly channel: Channel;
}

export interface QueueConsumptionOptions {
  readonly connection: Connection;
  readonly queue: EventQueue;
  /** Its name on the broker. */
  readonly queueName: string;
  readonly consume: ConsumeOptions;
  readonly clock: Clock;
  readonly log: Log;
  addDeadLetter(letter: DeadLetter, id: string): Promise<void>;
}

/**
 * A consumer on a channel of its own, opened again whenever it is lost. The broker bounds what is unanswered by number;
 * the bound by bytes, which quorum queues do not know, is kept here by holding back what does not fit.
 */
export class QueueConsumption implements Consumption {
  private readonly options: QueueConsumptionOptions;
  private channel: Channel | undefined;
  private held: Held[] = [];
  /** What the consumer has, by channel and delivery; cleared with the channel. */
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
    return this.held.length + this.out.size;
  }

  async open(): Promise<void> {
    const { connection, consume, queueName, log } = this.options;
    const channel = await connection.acquire({ emitErrorsFromChannel: true });
    channel.on('error', (error) => log.error('A channel to RabbitMQ failed', { error, queue: queueName }));
    channel.on('basic.cancel', () => void channel.close());
    channel.on('close', () => this.lost(channel));
    this.channel = channel;
    await channel.basicQos({ prefetchCount: Math.min(consume.prefetchCount, maxPrefetch) });
    await channel.basicConsume({ queue: queueName }, (message) => this.take(channel, message));
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
    if (this.channel?.active) await this.channel.close();
  }

  private lost(channel: Channel): void {
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
    this.out.clear();
    this.outBytes = 0;
  }

  private take(channel: Channel, message: AsyncMessage): void {
    const batch = decodeBatch(message);
    if (batch === undefined) {
      this.options.log.error('A message that is none of ours was refused', { queue: this.options.queueName });
      channel.basicNack({ deliveryTag: message.deliveryTag, requeue: false });
      return;
    }
    this.held.push({ message, batch, channel });
    this.handOut();
  }

  private handOut(): void {
    while (!this.paused && !this.closed) {
      const next = this.held[0];
      if (next === undefined) return;
      const { length } = next.batch.body;
      if (this.out.size > 0 && this.outBytes + length > this.options.consume.prefetchBytes) return;
      this.held.shift();
      this.out.add(next);
      this.outBytes += length;
      this.options.consume.onDelivery(this.delivery(next));
    }
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
      if (channel.active) send();
      this.handOut();
    };
    const { deliveryTag } = message;
    const ack = (): void => finish(() => channel.basicAck({ deliveryTag }));
    const retry = (): void => finish(() => channel.basicNack({ deliveryTag, requeue: true }));
    return {
      batch,
      id,
      attempts,
      redelivered: message.redelivered || attempts > 0,
      ack: () => answer(ack),
      retry: () => answer(retry),
      dead: (reason) =>
        answer(() => {
          const letter = { batch, reason, queue: this.options.queue, at: this.options.clock.now() };
          this.options.addDeadLetter(letter, id).then(ack, (error: unknown) => {
            this.options.log.error('A dead letter could not be written; its batch is delivered again', {
              error,
            });
            setTimeout(retry, retryDelayMs).unref();
          });
        }),
    };
  }
}
