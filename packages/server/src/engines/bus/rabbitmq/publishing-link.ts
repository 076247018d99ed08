import { isIP } from 'node:net';
import { performance } from 'node:perf_hooks';
import { Duplex } from 'node:stream';
import { type Channel, type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import { unavailable } from '../../../domain/errors.ts';
import type { OutgoingMessage } from './outgoing-message.ts';
import { type Unconfirmed, UnconfirmedMessages } from './unconfirmed.ts';

/*
 * One connection that publishes, from the moment it is up until it is closed. It is a client of its own beside the one
 * that consumes: that one registers a confirm after its write was reported, and loses a confirm which comes before.
 *
 * - One channel publishes with confirms, another without, for what need not arrive.
 * - A returned message comes before its confirm; the confirm of a message that was returned is a refusal.
 * - `connection.blocked` says that the broker reads nothing from here for now: what waits is refused at once, and so is
 *   what comes. What was given up is still counted until the broker answers it, since its bytes are still on their way.
 * - No confirm at all within the publish timeout while messages wait: the link is dead, whatever the socket says.
 * - Closed, it settles whatever waits and stays closed; whoever opened it opens another.
 */

export interface PublishingLinkOptions {
  /** `amqp://user:password@host:port/vhost`, or `amqps://`. */
  readonly url: string;
  /** What the broker shows for the connection. */
  readonly name: string;
  /** Seconds; a broker that is silent for so long is gone. 0: no heartbeats. */
  readonly heartbeatSeconds: number;
  /** Milliseconds until the link must be up. */
  readonly openTimeoutMs: number;
  /** Milliseconds after which a message that is not confirmed is given up. */
  readonly publishTimeoutMs: number;
  /** The reason while the broker is blocked, null when it is not any more. */
  onBlocked(reason: string | null): void;
  /** Once, after the link was up. */
  onClosed(error: Error): void;
}

/** Bytes of unconfirmed messages that may wait for the socket; more are dropped. */
const liveBytes = 4 * 1024 * 1024;
/** Milliseconds for the broker to say goodbye; one that is blocked or gone does not. */
const goodbyeMs = 500;

interface Channels {
  readonly model: ChannelModel;
  readonly confirmed: ConfirmChannel;
  readonly live: Channel;
}

export class PublishingLink {
  private readonly options: PublishingLinkOptions;
  private readonly channels: Channels;
  private readonly waiting = new UnconfirmedMessages();
  /** Ids of messages that came back and whose confirm is still to come. */
  private readonly returned = new Set<string>();
  private readonly lateTimer: NodeJS.Timeout;
  private lastConfirmAt = 0;
  /** Why the broker takes nothing, while it does not. */
  blocked: string | null = null;
  up = true;

  /** Rejects when the link is not up in time. */
  static async open(options: PublishingLinkOptions): Promise<PublishingLink> {
    const { url, name, heartbeatSeconds, openTimeoutMs } = options;
    const { hostname } = new URL(url);
    const address = new URL(url);
    address.searchParams.set('heartbeat', String(heartbeatSeconds));
    const model = await connect(address.href, {
      timeout: openTimeoutMs,
      noDelay: true,
      ...(isIP(hostname) === 0 ? { servername: hostname } : {}),
      clientProperties: { connection_name: name, product: 'StreamFlow' },
    });
    // Until the link listens itself: an event without a listener would end the process.
    model.on('error', () => {});
    const late = setTimeout(() => destroy(model), openTimeoutMs);
    try {
      const confirmed = await model.createConfirmChannel();
      return new PublishingLink(options, { model, confirmed, live: await model.createChannel() });
    } catch (error) {
      destroy(model);
      throw error;
    } finally {
      clearTimeout(late);
    }
  }

  private constructor(options: PublishingLinkOptions, channels: Channels) {
    this.options = options;
    this.channels = channels;
    const { model, confirmed, live } = channels;
    model.on('blocked', (reason: string) => this.block(reason));
    model.on('unblocked', () => this.block(null));
    confirmed.on('return', (message) => this.returned.add(String(message.properties.messageId)));
    for (const each of [model, confirmed, live]) {
      each.on('error', (error: Error) => this.close(error));
      each.on('close', () => this.close(new Error('The broker closed the connection')));
    }
    this.lateTimer = setInterval(() => this.giveUpLate(), Math.min(100, options.publishTimeoutMs / 4));
  }

  /** Bytes that were published and not answered by the broker. */
  get bytesInFlight(): number {
    return this.waiting.bytes;
  }

  /** Resolves when the broker has made the message durable; rejects with `ServiceUnavailable`. */
  publish(message: OutgoingMessage): Promise<void> {
    if (!this.up) return Promise.reject(unavailable('RabbitMQ is away'));
    const now = performance.now();
    if (this.waiting.bytes === 0) this.lastConfirmAt = now;
    return new Promise((resolve, reject) => {
      const entry: Unconfirmed = {
        bytes: message.body.length,
        deadline: now + this.options.publishTimeoutMs,
        settle: (error) => (error === undefined ? resolve() : reject(error)),
      };
      const { exchange, routingKey, body } = message;
      this.waiting.add(entry);
      try {
        this.channels.confirmed.publish(exchange, routingKey, body, properties(message), (error) =>
          this.onConfirm(message.id, entry, error !== null),
        );
      } catch (error) {
        this.waiting.answered(entry, unavailable('RabbitMQ cannot take a message', 1, error));
      }
    });
  }

  /** Sends a message that need not arrive; false when it was dropped. */
  publishLive(message: OutgoingMessage): boolean {
    const { model, live } = this.channels;
    if (!this.up || this.blocked !== null || (streamOf(model)?.writableLength ?? 0) > liveBytes) return false;
    live.publish(message.exchange, message.routingKey, message.body, properties(message));
    return true;
  }

  /** Ends the link at once; what waits is refused. */
  drop(error: Error): void {
    this.close(error);
  }

  /** Says goodbye; what waits is refused. */
  async end(): Promise<void> {
    if (!this.up) return;
    let enough: NodeJS.Timeout | undefined;
    const given = new Promise<void>((done) => {
      enough = setTimeout(done, goodbyeMs);
    });
    const { model } = this.channels;
    // How it fails to say goodbye is of no interest: it is closed below.
    await Promise.race([model.close().catch(() => {}), given]);
    clearTimeout(enough);
    this.close(new Error('The connection was ended'));
  }

  private onConfirm(id: string, entry: Unconfirmed, refused: boolean): void {
    // The client calls back for what waits when it closes, too; that is no answer of the broker.
    if (!this.up) return;
    this.lastConfirmAt = performance.now();
    const unrouted = this.returned.size > 0 && this.returned.delete(id);
    if (refused)
      this.waiting.answered(entry, unavailable('RabbitMQ refused a message: its queue is full', 5));
    else if (unrouted) this.waiting.answered(entry, unavailable('RabbitMQ has no queue for a message'));
    else this.waiting.answered(entry);
  }

  private giveUpLate(): void {
    const now = performance.now();
    if (!this.waiting.isLate(now)) return;
    this.waiting.giveUp(unavailable('RabbitMQ did not confirm a message in time'), now);
    if (now - this.lastConfirmAt > this.options.publishTimeoutMs)
      this.close(new Error('The broker confirmed nothing within the publish timeout'));
  }

  private block(reason: string | null): void {
    this.blocked = reason;
    if (reason !== null) this.waiting.giveUp(unavailable(`RabbitMQ takes no messages: ${reason}`, 5));
    this.options.onBlocked(reason);
  }

  private close(error: Error): void {
    if (!this.up) return;
    this.up = false;
    clearInterval(this.lateTimer);
    destroy(this.channels.model);
    this.waiting.giveUp(unavailable('The connection to RabbitMQ was lost', 1, error));
    this.options.onClosed(error);
  }
}

function properties({ id, contentType, headers, persistent, mandatory }: OutgoingMessage) {
  return { messageId: id, contentType, headers, persistent, mandatory };
}

/** The client's socket, of which its types say nothing. */
function streamOf(model: ChannelModel): Duplex | undefined {
  const stream: unknown = Reflect.get(model.connection, 'stream');
  return stream instanceof Duplex ? stream : undefined;
}

/** Ends a connection without waiting for the broker, which `close` of the client does for ever. */
function destroy(model: ChannelModel): void {
  streamOf(model)?.destroy();
}
