import { randomUUID } from 'node:crypto';
import type { Connection } from 'rabbitmq-client';
import type { Clock } from '../../../domain/clock.ts';
import { unavailable } from '../../../domain/errors.ts';
import type {
  Bus,
  ConsumeOptions,
  Consumption,
  EventBatch,
  EventQueue,
  LiveExchange,
  LiveMessage,
  QueueDepth,
  QueueName,
} from '../port.ts';
import { DeadLetterQueue } from './dead-letter-queue.ts';
import { watchDropped } from './dropped-batches.ts';
import { batchMessage, deadMessage } from './messages.ts';
import type { OutgoingMessage } from './outgoing-message.ts';
import { Publisher, type PublisherOptions } from './publisher.ts';
import { QueueConsumption } from './queue-consumption.ts';
import type { Topology } from './topology.ts';
import { inTime, TopologyKeeper } from './topology-keeper.ts';

const noBody = Buffer.alloc(0);

export interface RabbitmqBusParts extends Omit<PublisherOptions, 'link' | 'topology'> {
  readonly consuming: Connection;
  readonly publishing: PublisherOptions['link'];
  readonly topology: Topology;
  /** Batches that the broker sends a consumer ahead of its answers, at most. */
  readonly prefetchCount: number;
  readonly clock: Clock;
}

/** The `Bus` over RabbitMQ: persistent messages with publisher confirms into quorum queues. */
export class RabbitmqBus implements Bus {
  readonly deadLetters: DeadLetterQueue;
  private readonly parts: RabbitmqBusParts;
  private readonly publisher: Publisher;
  private readonly keeper: TopologyKeeper;
  private readonly timeoutMs: number;
  private readonly consumptions = new Map<QueueConsumption, EventQueue>();
  private readonly endings = new Set<() => Promise<void>>();
  /** A running mean of the bodies published, for the depth in bytes, which AMQP does not tell. */
  private meanBytes = 0;
  private closing: Promise<void> | undefined;

  constructor(parts: RabbitmqBusParts) {
    this.parts = parts;
    const { consuming, topology, publishing, log } = parts;
    this.timeoutMs = publishing.publishTimeoutMs;
    this.keeper = new TopologyKeeper(consuming, topology);
    this.publisher = new Publisher({
      ...parts,
      link: publishing,
      topology: this.keeper,
    });
    this.deadLetters = new DeadLetterQueue({
      connection: consuming,
      topology,
      timeoutMs: this.timeoutMs,
      log,
      publish: (message) => this.send(message),
    });
  }

  async start(): Promise<void> {
    await this.parts.consuming.onConnect(this.timeoutMs, true);
    await this.publisher.start();
  }

  /** Ends what a start that failed has opened. */
  abandon(): void {
    this.parts.consuming.unsafeDestroy();
  }

  async publish(batches: readonly EventBatch[]): Promise<void> {
    let bytes = 0;
    for (const { body } of batches) bytes += body.length;
    this.refuseOver(bytes);
    // All are handed to the socket in this turn, which keeps their order.
    const sent: Promise<void>[] = [];
    for (const batch of batches) {
      this.meanBytes += (batch.body.length - this.meanBytes) / 64;
      sent.push(this.publisher.send(batchMessage(batch, this.parts.topology.events, randomUUID())));
    }
    await (sent.length === 1 ? sent[0] : Promise.all(sent));
  }

  async consume(queue: EventQueue, options: ConsumeOptions): Promise<Consumption> {
    this.refuseWhenClosed();
    const { consuming, topology, prefetchCount, clock, log } = this.parts;
    const consumption = new QueueConsumption({
      connection: consuming,
      queue,
      queueName: topology.queue(queue),
      consume: options,
      prefetchCount,
      clock,
      log,
      bury: (message, id, burial) => this.send(deadMessage(message, topology.deadLetters, id, burial)),
    });
    await this.reached(consumption.open());
    this.consumptions.set(consumption, queue);
    const { onGap } = options;
    const endGaps =
      onGap === undefined || queue === 'events.storage'
        ? undefined
        : this.keep(await watchDropped({ connection: consuming, topology, log, onGap }));
    return {
      pause: () => consumption.pause(),
      resume: () => consumption.resume(),
      close: async () => {
        this.consumptions.delete(consumption);
        await endGaps?.();
        await consumption.close();
      },
    };
  }

  publishLive(exchange: LiveExchange, { routingKey, body }: LiveMessage): void {
    if (this.closing !== undefined) return;
    const sent = this.publisher.sendLive({
      exchange: this.parts.topology.live(exchange),
      routingKey,
      id: '',
      contentType: 'application/octet-stream',
      headers: {},
      body,
      persistent: false,
      mandatory: false,
    });
    if (!sent) this.parts.log.debug('A live message was dropped', { exchange });
  }

  async subscribeLive(
    exchange: LiveExchange,
    pattern: string,
    onMessage: (message: LiveMessage) => void,
  ): Promise<{ close(): Promise<void> }> {
    this.refuseWhenClosed();
    const { consuming, topology, log } = this.parts;
    const queue = `${topology.live(exchange)}.live.${randomUUID()}`;
    const consumer = consuming.createConsumer(
      {
        queue,
        noAck: true,
        queueOptions: { exclusive: true, autoDelete: true },
        queueBindings: [{ queue, exchange: topology.live(exchange), routingKey: pattern }],
      },
      ({ routingKey, body }) => {
        onMessage({ routingKey, body: Buffer.isBuffer(body) ? body : noBody });
      },
    );
    consumer.on('error', (error) => log.error('A subscription to live messages failed', { error, exchange }));
    await this.reached(new Promise<void>((ready) => consumer.once('ready', ready)));
    return { close: this.keep(() => consumer.close()) };
  }

  async depth(queue: QueueName): Promise<QueueDepth> {
    const name = this.parts.topology.queue(queue);
    // What the broker counts is what is ready; what our own consumers hold is added.
    const { messageCount } = await this.reached(
      this.parts.consuming.queueDeclare({ queue: name, passive: true }),
    );
    let batches = messageCount;
    for (const [consumption, consumed] of this.consumptions) {
      if (consumed === queue) batches += consumption.unanswered;
    }
    return { batches, bytes: Math.ceil(batches * this.meanBytes) };
  }

  async ping(): Promise<void> {
    this.refuseOver(0);
    await this.publisher.look();
  }

  close(): Promise<void> {
    // A broker that does not answer must not hold the end up.
    this.closing ??= inTime(this.shutDown(), this.timeoutMs).catch((error: unknown) => {
      this.parts.log.warning('RabbitMQ did not answer while the bus closed', { error });
      this.parts.consuming.unsafeDestroy();
    });
    return this.closing;
  }

  private async shutDown(): Promise<void> {
    for (const end of [...this.endings]) await end();
    for (const consumption of this.consumptions.keys()) await consumption.close();
    await this.publisher.close();
    await this.keeper.close();
    await this.parts.consuming.close();
  }

  private async send(message: OutgoingMessage): Promise<void> {
    this.refuseOver(message.body.length);
    await this.publisher.send(message);
  }

  /** Has the bus end it with itself, unless its owner does before. */
  private keep(end: () => Promise<void>): () => Promise<void> {
    const once = async (): Promise<void> => {
      if (this.endings.delete(once)) await end();
    };
    this.endings.add(once);
    return once;
  }

  private async reached<Value>(work: Promise<Value>): Promise<Value> {
    try {
      return await inTime(work, this.timeoutMs);
    } catch (error) {
      throw unavailable('RabbitMQ cannot be reached', 1, error);
    }
  }

  private refuseOver(bytes: number): void {
    this.refuseWhenClosed();
    const refusal = this.publisher.refusal(bytes);
    if (refusal !== undefined) throw refusal;
  }

  private refuseWhenClosed(): void {
    if (this.closing !== undefined) throw unavailable('The bus is closed');
  }
}
