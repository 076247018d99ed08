import { type StreamFlowError, unavailable } from '../../../domain/errors.ts';
import type { Log } from '../../../domain/log.ts';
import type { OutgoingMessage } from './outgoing-message.ts';
import { PublishingLink, type PublishingLinkOptions } from './publishing-link.ts';
import { inTime, type TopologyKeeper } from './topology-keeper.ts';

/*
 * Keeps a publishing link up, and publishing honest.
 *
 *   connecting ──link up──> declaring ──declared──> ready ──a look fails──> unsure
 *     ^    ^                    │                   ^  │                      │
 *     │    └──────fails─────────┘                   └──┼───declared again─────┘
 *     └──────────link lost, or dropped, after a pause──┴── (from any state)
 *
 * - Only `ready` takes messages, and only while the broker does not block and the bytes in flight are bounded.
 * - A confirm says that a message was routed somewhere, `mandatory` is content with any queue, and a confirm follows
 *   all the same when someone has unbound the storage queue. So the topology is declared before the first message of
 *   each link, and looked at again every `lookMs`: what may go wrong unseen is bounded by that.
 * - A look that finds no storage queue drops the link. The broker confirms what was on its way to a queue that is
 *   removed, and a channel that knew the queue goes on sending to the removed one for a while after it is declared anew.
 */

export interface PublisherOptions {
  readonly link: Omit<PublishingLinkOptions, 'onBlocked' | 'onClosed'>;
  readonly topology: TopologyKeeper;
  /** Milliseconds between looks whether the storage queue is there. */
  readonly lookMs: number;
  /** Bytes of unconfirmed messages; more are refused at once, but one message is always taken. */
  readonly inFlightBytes: number;
  /** Milliseconds before a lost link is opened again, doubled from try to try up to the second. */
  readonly reconnectMs: { readonly first: number; readonly most: number };
  /** From 0 up to and without 1. */
  readonly random: () => number;
  readonly log: Log;
}

export class Publisher {
  private readonly options: PublisherOptions;
  private link: PublishingLink | undefined;
  private away: StreamFlowError | undefined = unavailable('RabbitMQ is not connected yet');
  private tries = 0;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(options: PublisherOptions) {
    this.options = options;
  }

  /** Rejects when the broker cannot be used; then nothing goes on in the background. */
  async start(): Promise<void> {
    try {
      await this.connect();
    } catch (error) {
      this.closed = true;
      await this.link?.end();
      throw error;
    }
  }

  /** Why messages of so many bytes are not taken now; undefined when they are. */
  refusal(bytes: number): StreamFlowError | undefined {
    if (this.away !== undefined) return this.away;
    const { link } = this;
    if (link === undefined || !link.up) return unavailable('RabbitMQ is away');
    if (link.blocked !== null) return unavailable(`RabbitMQ takes no messages: ${link.blocked}`, 5);
    if (link.bytesInFlight > 0 && link.bytesInFlight + bytes > this.options.inFlightBytes) {
      return unavailable('RabbitMQ does not keep up: too much waits to be confirmed');
    }
    return undefined;
  }

  /** Resolves when the message is durable. The caller asked `refusal` before. */
  send(message: OutgoingMessage): Promise<void> {
    return this.link?.publish(message) ?? Promise.reject(unavailable('RabbitMQ is away'));
  }

  sendLive(message: OutgoingMessage): boolean {
    return this.link?.publishLive(message) ?? false;
  }

  /** Looks at once; rejects with the reason when publishing is refused. */
  async look(): Promise<void> {
    const { topology, link, log } = this.options;
    try {
      const there = await inTime(topology.look(), link.publishTimeoutMs);
      if (!there) {
        const lost = new Error('The storage queue is gone');
        this.link?.drop(lost);
        log.critical('The storage queue is gone from RabbitMQ; nothing is taken until it is declared again');
        throw lost;
      }
      if (this.away === undefined) return;
      await inTime(topology.declare(), link.publishTimeoutMs);
      if (this.closed || this.link?.up !== true) return;
      log.info('RabbitMQ has everything again');
      this.away = undefined;
    } catch (error) {
      if (this.away === undefined) log.error('RabbitMQ cannot be looked at; nothing is taken', { error });
      this.away = unavailable('RabbitMQ does not have what StreamFlow needs', 1, error);
      throw this.away;
    }
  }

  async close(): Promise<void> {
    this.closed = true;
    this.away = unavailable('The bus is closed');
    clearTimeout(this.timer);
    await this.link?.end();
  }

  private async connect(): Promise<void> {
    const { link: options, topology, log } = this.options;
    const link = await PublishingLink.open({
      ...options,
      onBlocked: (reason) => {
        if (reason === null) log.info('RabbitMQ takes messages again');
        else log.critical('RabbitMQ takes no messages', { reason });
      },
      onClosed: (error) => {
        if (this.closed) return;
        log.error('The connection to RabbitMQ that publishes was lost', { error });
        this.away = unavailable('RabbitMQ is away', 1, error);
        this.reconnectLater();
      },
    });
    this.link = link;
    if (this.closed) return link.end();
    await inTime(topology.declare(), options.openTimeoutMs);
    if (!link.up || this.closed) return;
    this.tries = 0;
    this.away = undefined;
    this.lookLater();
  }

  private reconnectLater(): void {
    const { first, most } = this.options.reconnectMs;
    const pause = Math.min(most, first * 2 ** this.tries++);
    clearTimeout(this.timer);
    // Half of it by chance, so that many processes do not come back in step.
    this.timer = setTimeout(() => this.reconnect(), pause * (0.5 + this.options.random() / 2));
  }

  private reconnect(): void {
    this.connect().then(
      () => {
        if (this.away === undefined) this.options.log.info('RabbitMQ is back');
      },
      async (error: unknown) => {
        this.away = unavailable('RabbitMQ is away', 1, error);
        this.options.log.warning('RabbitMQ cannot be reached', { error });
        const { link } = this;
        // A link that is up without the topology is of no use; ending it leads here again.
        if (link?.up === true) await link.end();
        else if (!this.closed) this.reconnectLater();
      },
    );
  }

  private lookLater(): void {
    const { link } = this;
    const again = (): void => {
      if (!this.closed && this.link === link && link?.up === true) this.lookLater();
    };
    // A failure is in the log, and is what publishing is refused with.
    this.timer = setTimeout(() => void this.look().then(again, again), this.options.lookMs);
  }
}
