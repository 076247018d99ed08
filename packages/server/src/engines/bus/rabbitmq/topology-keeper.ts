import { AMQPError, type Channel, type Connection } from 'rabbitmq-client';
import { StreamFlowError, unavailable } from '../../../domain/errors.ts';
import type { QueueDeclaration, Topology } from './topology.ts';

/**
 * Declares what the broker must have, and looks whether it is still there. Declarations are idempotent; a missing
 * binding cannot be told from one that is there, so that looking repeats it.
 */
export class TopologyKeeper {
  private readonly connection: Connection;
  private readonly topology: Topology;
  private channel: Channel | undefined;

  constructor(connection: Connection, topology: Topology) {
    this.connection = connection;
    this.topology = topology;
  }

  /** @throws StreamFlowError that says which queue has other arguments, and what to do. */
  async declare(): Promise<void> {
    const { exchanges, queues } = this.topology;
    for (const each of exchanges) {
      const channel = await this.open();
      await explained(channel.exchangeDeclare(each), `The exchange ${each.exchange}`, exchangeAdvice);
    }
    for (const queue of queues) {
      const channel = await this.open();
      await explained(
        channel.queueDeclare({ ...queue, arguments: { ...queue.arguments } }),
        `The queue ${queue.queue}`,
        queueAdvice(queue),
      );
    }
    await this.bind();
  }

  /** Whether the storage queue is there; whatever is bound to the exchanges is bound again. */
  async look(): Promise<boolean> {
    const channel = await this.open();
    try {
      await channel.queueDeclare({ queue: this.topology.queue('events.storage'), passive: true });
      await this.bind();
      return true;
    } catch (error) {
      if (error instanceof AMQPError && error.code === 'NOT_FOUND') return false;
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.channel?.close();
  }

  private async bind(): Promise<void> {
    const channel = await this.open();
    for (const binding of this.topology.bindings) await channel.queueBind(binding);
  }

  /** A refusal closes the channel, so that the next use opens another. */
  private async open(): Promise<Channel> {
    if (this.channel?.active === true) return this.channel;
    this.channel = await this.connection.acquire({ emitErrorsFromChannel: true });
    // What fails is told to whoever called; the event would end the process.
    this.channel.on('error', () => {});
    return this.channel;
  }
}

async function explained(work: Promise<unknown>, what: string, advice: string): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof AMQPError) || error.code !== 'PRECONDITION_FAILED') throw error;
    // The broker's words name the argument, what it has and what it was asked for.
    throw new StreamFlowError(
      'ServiceUnavailable',
      `${what} is on the broker with other arguments (${error.message}). ${advice}`,
      { retryAfter: 60, cause: error },
    );
  }
}

const queueAdvice = ({ queue }: QueueDeclaration): string =>
  `RabbitMQ cannot change them. Set the former value again; or stop what publishes, let the queue run empty, remove it by "rabbitmqctl delete_queue ${queue}" and start again; or set another RABBITMQ_PREFIX.`;

const exchangeAdvice =
  'Give it another name (RABBITMQ_EXCHANGE_*, RABBITMQ_PREFIX), or remove it from the broker and start again.';

/** Rejects with `ServiceUnavailable` when the work takes longer; what it brings later is ignored. */
export async function inTime<Value>(work: Promise<Value>, timeoutMs: number): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unavailable('RabbitMQ did not answer in time')), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
