import { randomUUID } from 'node:crypto';
import { AMQPError, type Connection, type Envelope, type Publisher } from 'rabbitmq-client';
import type { Clock } from '../../../domain/clock.ts';
import { unavailable } from '../../../domain/errors.ts';
import type { Log } from '../../../domain/log.ts';
import type {
  Bus,
  ConsumeOptions,
  Consumption,
  DeadLetter,
  EventBatch,
  EventQueue,
  LiveExchange,
  LiveMessage,
  QueueDepth,
} from '../port.ts';
import { batchEnvelope, deadLetterEnvelope, decodeDeadLetter } from './messages.ts';
import { QueueConsumption } from './queue-consumption.ts';
import type { Topology } from './topology.ts';

/** Milliseconds over which batches that the broker dropped are counted before a consumer is told. */
const gapReportMs = 100;

export interface RabbitmqBusParts {
  readonly publishing: Connection;
  readonly consuming: Connection;
  readonly topology: Topology;
  readonly publishTimeoutMs: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** The `Bus` over RabbitMQ: persistent messages with publisher confirms into quorum queues. */
export class RabbitmqBus implements Bus {
  private readonly parts: RabbitmqBusParts;
  private readonly publisher: Publisher;
  private readonly livePublisher: Publisher;
  private readonly consumptions = new Map<QueueConsumption, EventQueue>();
  private readonly endings = new Set<() => Promise<void>>();
  /** Ids of messages that the broker could not route; the confirm follows the return. */
  private readonly returned = new Set<string>();
  /** A running mean of the bodies published, for the depth in bytes, which AMQP does not tell. */
  private meanBytes = 0;
  private closing: Promise<void> | undefined;

  constructor(parts: RabbitmqBusParts) {
    this.parts = parts;
    const { publishing, topology } = parts;
    this.publisher = publishing.createPublisher({
      confirm: true,
      exchanges: topology.exchanges,
      queues: topology.queues,
      queueBindings: topology.bindings,
    });
    this.publisher.on('basic.return', (message) => this.returned.add(message.messageId ?? ''));
    this.livePublisher = publishing.createPublisher();
  }

  async start(): Promise<void> {
    const { publishing, consuming, publishTimeoutMs } = this.parts;
    await Promise.all([
      publishing.onConnect(publishTimeoutMs, true),
      consuming.onConnect(publishTimeoutMs, true),
    ]);
    await this.declare();
  }

  /** Ends both connections at once; for a start that failed. */
  abandon(): void {
    this.parts.publishing.unsafeDestroy();
    this.parts.consuming.unsafeDestroy();
  }

  async publish(batches: readonly EventBatch[]): Promise<void> {
    this.refuseWhenAway();
    // All are handed to the socket in this turn, which keeps their order.
    await Promise.all(
      batches.map((batch) => {
        this.meanBytes += (batch.body.length - this.meanBytes) / 64;
        return this.send(batchEnvelope(batch, this.parts.topology.events, randomUUID()), batch.body);
      }),
    );
  }

  async consume(queue: EventQueue, options: ConsumeOptions): Promise<Consumption> {
    this.refuseWhenAway();
    const { consuming, topology, clock, log } = this.parts;
    const consumption = new QueueConsumption({
      connection: consuming,
      queue,
      queueName: topology.queue(queue),
      consume: options,
      clock,
      log,
      addDeadLetter: (letter, id) =>
        this.send(deadLetterEnvelope(letter, topology.deadLetters, id), letter.batch.body),
    });
    await consumption.open();
    this.consumptions.set(consumption, queue);
    const { onGap } = options;
    const endGaps =
      onGap === undefined || queue === 'events.storage' ? undefined : await this.watchDropped(onGap);
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
    if (this.closing !== undefined || !this.parts.publishing.ready) return;
    const envelope: Envelope = { exchange: this.parts.topology.live(exchange), routingKey };
    this.livePublisher.send(envelope, body).catch((error: unknown) => {
      this.parts.log.debug('A live message was dropped', { error, exchange });
    });
  }

  async subscribeLive(
    exchange: LiveExchange,
    pattern: string,
    onMessage: (message: LiveMessage) => void,
  ): Promise<{ close(): Promise<void> }> {
    this.refuseWhenAway();
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
        if (Buffer.isBuffer(body)) onMessage({ routingKey, body });
      },
    );
    consumer.on('error', (error) => log.error('A subscription to live messages failed', { error, exchange }));
    await new Promise<void>((ready) => consumer.once('ready', ready));
    const close = async (): Promise<void> => {
      this.endings.delete(close);
      await consumer.close();
    };
    this.endings.add(close);
    return { close };
  }

  async depth(queue: EventQueue): Promise<QueueDepth> {
    const name = this.parts.topology.queue(queue);
    // What the broker counts is what is ready; what our own consumers hold is added.
    const { messageCount } = await this.parts.consuming.queueDeclare({ queue: name, passive: true });
    let batches = messageCount;
    for (const [consumption, consumed] of this.consumptions) {
      if (consumed === queue) batches += consumption.unanswered;
    }
    return { batches, bytes: Math.ceil(batches * this.meanBytes) };
  }

  async deadLetters(limit: number): Promise<readonly DeadLetter[]> {
    const channel = await this.parts.consuming.acquire();
    try {
      const found: DeadLetter[] = [];
      let lastTag = 0;
      while (found.length < limit) {
        const message = await channel.basicGet(this.parts.topology.deadQueue);
        if (message === undefined) break;
        lastTag = message.deliveryTag;
        const letter = decodeDeadLetter(message);
        if (letter !== undefined) found.push(letter);
      }
      if (lastTag > 0) channel.basicNack({ deliveryTag: lastTag, multiple: true, requeue: true });
      // What was looked at before comes back to a quorum queue in an order of its own.
      return found.sort((one, other) => one.at - other.at);
    } finally {
      await channel.close();
    }
  }

  async ping(): Promise<void> {
    this.refuseWhenAway();
    try {
      await this.declare();
    } catch (error) {
      throw unavailable('RabbitMQ lacks what StreamFlow declared', 1, error);
    }
  }

  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private async shutDown(): Promise<void> {
    for (const end of [...this.endings]) await end();
    for (const consumption of this.consumptions.keys()) await consumption.close();
    await this.publisher.close();
    await this.livePublisher.close();
    await this.parts.publishing.close();
    await this.parts.consuming.close();
  }

  /** Declarations are idempotent, so that repeating them looks whether everything is there. */
  private async declare(): Promise<void> {
    const { publishing, topology } = this.parts;
    for (const exchange of topology.exchanges) await publishing.exchangeDeclare(exchange);
    for (const queue of topology.queues) await publishing.queueDeclare(queue);
    for (const binding of topology.bindings) await publishing.queueBind(binding);
  }

  private async send(envelope: Envelope, body: Buffer): Promise<void> {
    const id = envelope.messageId ?? '';
    try {
      await inTime(this.publisher.send(envelope, body), this.parts.publishTimeoutMs);
    } catch (error) {
      const full = error instanceof AMQPError && error.code === 'NACK';
      throw full
        ? unavailable('RabbitMQ refused a batch: storage does not keep up', 5, error)
        : unavailable('RabbitMQ did not confirm a batch', 1, error);
    }
    if (this.returned.delete(id)) throw unavailable('RabbitMQ has no queue for a batch');
  }

  private async watchDropped(onGap: NonNullable<ConsumeOptions['onGap']>): Promise<() => Promise<void>> {
    const { consuming, topology, log } = this.parts;
    let batches = 0;
    const report = setInterval(() => {
      if (batches === 0) return;
      onGap({ batches, reason: 'The broker dropped the oldest batches of the full analytics queue' });
      batches = 0;
    }, gapReportMs);
    const consumer = consuming.createConsumer(
      { queue: topology.droppedQueue, queueOptions: { passive: true }, noAck: true },
      () => {
        batches++;
      },
    );
    consumer.on('error', (error) => log.error('Dropped batches cannot be counted', { error }));
    await new Promise<void>((ready) => consumer.once('ready', ready));
    const end = async (): Promise<void> => {
      this.endings.delete(end);
      clearInterval(report);
      await consumer.close();
    };
    this.endings.add(end);
    return end;
  }

  private refuseWhenAway(): void {
    if (this.closing !== undefined) throw unavailable('The bus is closed');
    if (!this.parts.publishing.ready) throw unavailable('RabbitMQ is away or takes no messages');
  }
}

async function inTime<Value>(promise: Promise<Value>, timeoutMs: number): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unavailable('Not in time')), timeoutMs);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
