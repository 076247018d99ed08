import type { AsyncMessage, Channel, Connection } from 'rabbitmq-client';
import type { Prefetch } from './prefetch.ts';

export interface QueueChannelOptions {
  readonly connection: Connection;
  readonly queueName: string;
  readonly prefetch: Prefetch;
  onMessage(message: AsyncMessage): void;
  onError(error: unknown): void;
  /** The channel is gone, and the broker delivers what was unanswered on it again. */
  onLost(): void;
}

/** One channel that consumes a queue, until it is lost: what is unanswered on it, and answers in few frames. */
export class QueueChannel {
  private readonly options: QueueChannelOptions;
  private readonly channel: Channel;
  /** Delivery tags in their order. */
  private readonly unanswered = new Set<number>();
  private acks: number[] = [];
  /** Consumers of the one queue, whose prefetch counts add up. */
  private consumerTags: string[] = [];
  private granted = 0;
  private changing = false;

  static async open(options: QueueChannelOptions): Promise<QueueChannel> {
    const channel = await options.connection.acquire({ emitErrorsFromChannel: true });
    const opened = new QueueChannel(options, channel);
    await opened.consume();
    return opened;
  }

  private constructor(options: QueueChannelOptions, channel: Channel) {
    this.options = options;
    this.channel = channel;
    channel.on('error', (error) => options.onError(error));
    channel.on('basic.cancel', () => void channel.close());
    channel.on('close', () => options.onLost());
  }

  get active(): boolean {
    return this.channel.active;
  }

  /**
   * Acknowledges with the others of this turn: the broker takes all up to a tag at once, which is right as far as
   * nothing before it is unanswered.
   */
  ack(deliveryTag: number): void {
    if (!this.unanswered.delete(deliveryTag)) return;
    if (this.acks.length === 0) setImmediate(() => this.flush());
    this.acks.push(deliveryTag);
  }

  requeue(deliveryTag: number): void {
    if (!this.unanswered.delete(deliveryTag) || !this.channel.active) return;
    this.channel.basicNack({ deliveryTag, requeue: true });
  }

  async close(): Promise<void> {
    this.flush();
    if (this.channel.active) await this.channel.close();
  }

  /** Lets the broker send so many more messages ahead. */
  private async consume(): Promise<void> {
    const { queueName, prefetch } = this.options;
    const { count } = prefetch;
    // It holds for consumers that begin after it.
    await this.channel.basicQos({ prefetchCount: count - this.granted });
    const { consumerTag } = await this.channel.basicConsume({ queue: queueName }, (message) =>
      this.take(message),
    );
    this.granted = count;
    this.consumerTags.push(consumerTag);
  }

  private take(message: AsyncMessage): void {
    this.unanswered.add(message.deliveryTag);
    const { onMessage, prefetch } = this.options;
    onMessage(message);
    const bytes = Buffer.isBuffer(message.body) ? message.body.length : 0;
    if (prefetch.note(bytes) && !this.changing) void this.changePrefetch();
  }

  /**
   * More is granted to one more consumer, which disturbs nobody. For less all are cancelled first: what they have stays
   * with the channel, but the broker may count what was on its way to them as delivered. A channel without a consumer is
   * of no use.
   */
  private async changePrefetch(): Promise<void> {
    this.changing = true;
    try {
      if (this.options.prefetch.count < this.granted) {
        for (const consumerTag of this.consumerTags.splice(0))
          await this.channel.basicCancel({ consumerTag });
        this.granted = 0;
      }
      await this.consume();
    } catch (error) {
      this.options.onError(error);
      await this.channel.close();
    } finally {
      this.changing = false;
    }
  }

  private flush(): void {
    const { acks } = this;
    this.acks = [];
    if (acks.length === 0 || !this.channel.active) return;
    const [firstUnanswered = Number.POSITIVE_INFINITY] = this.unanswered;
    let upTo = 0;
    for (const tag of acks) {
      if (tag > firstUnanswered) this.channel.basicAck({ deliveryTag: tag });
      else upTo = Math.max(upTo, tag);
    }
    if (upTo > 0) this.channel.basicAck({ deliveryTag: upTo, multiple: true });
  }
}
