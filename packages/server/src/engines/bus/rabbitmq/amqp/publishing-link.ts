import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { connect as connectTls } from 'node:tls';
import { unavailable } from '../../../../domain/errors.ts';
import type { BrokerAddress } from './broker-address.ts';
import {
  FrameReader,
  readBodySize,
  readCloseReason,
  readMessageId,
  readShortString,
} from './frame-reader.ts';
import { FrameWriter, type OutgoingMessage } from './frame-writer.ts';
import { frameType, largestFrame, method, protocolHeader } from './protocol.ts';
import { UnconfirmedMessages } from './unconfirmed.ts';

/*
 * One connection that publishes.
 *
 *   start ──> tune ──> open ──> channels ──> confirms ──> up ──> closed
 *     └─────────┴────────┴──────────┴───────────┴── any failure, or no answer in time ──────^
 *
 * - Channel 1 publishes with confirms, channel 2 without, for what need not arrive.
 * - What is written in one turn of the event loop leaves in one write.
 * - A returned message comes before its confirm; the confirm of a message that was returned is a refusal.
 * - `connection.blocked` says that the broker reads nothing from here for now: what waits is refused at once, and so is
 *   what comes. What was given up is still counted until the broker answers it, since its bytes are still on their way.
 * - No confirm at all within the publish timeout while messages wait: the link is dead, whatever the socket says.
 * - Closed, it settles whatever waits and stays closed; whoever opened it opens another.
 */

export interface PublishingLinkOptions {
  readonly address: BrokerAddress;
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

const confirmed = 1;
const unconfirmed = 2;
/** Bytes of unconfirmed messages that may wait for the socket; more are dropped. */
const liveBytes = 4 * 1024 * 1024;

export class PublishingLink {
  private readonly options: PublishingLinkOptions;
  private readonly socket: Socket;
  private readonly writer = new FrameWriter();
  private readonly waiting = new UnconfirmedMessages();
  private readonly returned = new Set<string>();
  private state: 'opening' | 'up' | 'closed' = 'opening';
  private frameMax = 4096;
  private flushing = false;
  private lastConfirmAt = 0;
  private lastReadAt = 0;
  private hasWritten = false;
  /** Bytes of a returned message's body that are still to come. */
  private returning = false;
  private opened: { up(): void; failed(error: Error): void } | undefined;
  private timers: NodeJS.Timeout[] = [];
  /** Why the broker takes nothing, while it does not. */
  blocked: string | null = null;

  /** Rejects when the link is not up in time. */
  static open(options: PublishingLinkOptions): Promise<PublishingLink> {
    return new Promise((resolve, reject) => {
      const link = new PublishingLink(options);
      link.opened = { up: () => resolve(link), failed: reject };
    });
  }

  private constructor(options: PublishingLinkOptions) {
    this.options = options;
    const { tls, host, port } = options.address;
    this.socket = tls
      ? connectTls({ host, port, ...(isIP(host) === 0 ? { servername: host } : {}) })
      : connectTcp({ host, port });
    this.socket.setNoDelay(true);
    const reader = new FrameReader((type, channel, payload) => this.onFrame(type, channel, payload));
    this.socket.on('data', (chunk: Buffer) => {
      this.lastReadAt = performance.now();
      try {
        reader.push(chunk);
      } catch (error) {
        this.close(error instanceof Error ? error : new Error(String(error)));
      }
    });
    this.socket.on('error', (error) => this.close(error));
    this.socket.on('close', () => this.close(new Error('The broker closed the connection')));
    const late = setTimeout(
      () => this.close(new Error('The broker did not answer in time')),
      options.openTimeoutMs,
    );
    this.timers.push(late);
    this.socket.write(protocolHeader);
  }

  /** Bytes that were published and not answered by the broker. */
  get bytesInFlight(): number {
    return this.waiting.bytes;
  }

  get up(): boolean {
    return this.state === 'up';
  }

  /** Resolves when the broker has made the message durable; rejects with `ServiceUnavailable`. */
  publish(message: OutgoingMessage): Promise<void> {
    if (this.state !== 'up') return Promise.reject(unavailable('RabbitMQ is away'));
    const now = performance.now();
    if (this.waiting.bytes === 0) this.lastConfirmAt = now;
    this.writer.message(confirmed, message, this.frameMax);
    this.flushSoon();
    return new Promise((resolve, reject) => {
      this.waiting.add({
        id: message.id,
        bytes: message.body.length,
        deadline: now + this.options.publishTimeoutMs,
        settle: (error) => (error === undefined ? resolve() : reject(error)),
      });
    });
  }

  /** Sends a message that need not arrive; false when it was dropped. */
  publishLive(message: OutgoingMessage): boolean {
    if (this.state !== 'up' || this.blocked !== null || this.socket.writableLength > liveBytes) return false;
    this.writer.message(unconfirmed, message, this.frameMax);
    this.flushSoon();
    return true;
  }

  /** Ends the link at once; what waits is refused. */
  drop(error: Error): void {
    this.close(error);
  }

  /** Says goodbye; what waits is refused. */
  async end(): Promise<void> {
    if (this.state === 'closed') return;
    if (this.state === 'up') {
      this.writer.method(0, method.connectionClose, (writer) => {
        writer.uint16(200);
        writer.shortString('');
        writer.uint32(0);
      });
      this.flush();
      await new Promise<void>((done) => {
        // A broker that is blocked or gone does not answer.
        const enough = setTimeout(done, 500);
        this.socket.once('close', () => {
          clearTimeout(enough);
          done();
        });
      });
    }
    this.close(new Error('The connection was ended'));
  }

  private onFrame(type: number, channel: number, payload: Buffer): void {
    if (type === frameType.method) this.onMethod(channel, payload);
    else if (type === frameType.header && this.returning) {
      const id = readMessageId(payload);
      if (id !== undefined) this.returned.add(id);
      this.returning = readBodySize(payload) > 0;
    }
  }

  private onMethod(channel: number, payload: Buffer): void {
    switch (payload.readUInt32BE(0)) {
      case method.basicAck:
        if (channel === confirmed) this.onConfirm(payload, false);
        break;
      case method.basicNack:
        if (channel === confirmed) this.onConfirm(payload, true);
        break;
      case method.basicReturn:
        this.returning = true;
        break;
      case method.connectionBlocked:
        this.block(readShortString(payload, 4));
        break;
      case method.connectionUnblocked:
        this.block(null);
        break;
      case method.connectionClose: {
        const { code, text } = readCloseReason(payload);
        this.writer.method(0, method.connectionCloseOk);
        this.flush();
        this.close(new Error(`The broker closed the connection: ${code} ${text}`));
        break;
      }
      case method.channelClose: {
        const { code, text } = readCloseReason(payload);
        this.close(new Error(`The broker closed the channel: ${code} ${text}`));
        break;
      }
      case method.connectionCloseOk:
        this.close(new Error('The connection was ended'));
        break;
      default:
        this.onHandshake(channel, payload);
    }
    this.flushSoon();
  }

  private onConfirm(payload: Buffer, refused: boolean): void {
    const tag = payload.readUInt32BE(4) * 0x100000000 + payload.readUInt32BE(8);
    this.lastConfirmAt = performance.now();
    this.waiting.take(tag, (payload.readUInt8(12) & 1) === 1, ({ id, settle }) => {
      const unrouted = this.returned.size > 0 && this.returned.delete(id);
      if (settle === undefined) return;
      if (refused) settle(unavailable('RabbitMQ refused a message: its queue is full', 5));
      else if (unrouted) settle(unavailable('RabbitMQ has no queue for a message'));
      else settle();
    });
  }

  private onHandshake(channel: number, payload: Buffer): void {
    const { address, name } = this.options;
    const { writer } = this;
    switch (payload.readUInt32BE(0)) {
      case method.connectionStart:
        writer.method(0, method.connectionStartOk, () => {
          writer.table({
            product: 'StreamFlow',
            connection_name: name,
            capabilities: {
              'connection.blocked': true,
              'basic.nack': true,
              publisher_confirms: true,
              authentication_failure_close: true,
            },
          });
          writer.shortString('PLAIN');
          writer.longString(`\0${address.user}\0${address.password}`);
          writer.shortString('en_US');
        });
        break;
      case method.connectionTune: {
        const frameMax = payload.readUInt32BE(6);
        // 0 says no limit.
        this.frameMax = Math.min(frameMax === 0 ? largestFrame : frameMax, largestFrame);
        const theirs = payload.readUInt16BE(10);
        const ours = this.options.heartbeatSeconds;
        const heartbeat = ours === 0 || theirs === 0 ? ours : Math.min(ours, theirs);
        writer.method(0, method.connectionTuneOk, () => {
          writer.uint16(payload.readUInt16BE(4));
          writer.uint32(this.frameMax);
          writer.uint16(heartbeat);
        });
        writer.method(0, method.connectionOpen, () => {
          writer.shortString(address.vhost);
          writer.shortString('');
          writer.uint8(0);
        });
        this.keepAlive(heartbeat * 1000);
        break;
      }
      case method.connectionOpenOk:
        for (const each of [unconfirmed, confirmed]) {
          writer.method(each, method.channelOpen, () => writer.shortString(''));
        }
        break;
      case method.channelOpenOk:
        if (channel === confirmed) writer.method(channel, method.confirmSelect, () => writer.uint8(0));
        break;
      case method.confirmSelectOk:
        this.comeUp();
        break;
    }
  }

  private comeUp(): void {
    this.state = 'up';
    clearTimeout(this.timers.shift());
    this.timers.push(setInterval(() => this.giveUpLate(), Math.min(100, this.options.publishTimeoutMs / 4)));
    this.opened?.up();
  }

  private keepAlive(heartbeatMs: number): void {
    if (heartbeatMs === 0) return;
    const beat = setInterval(() => {
      if (performance.now() - this.lastReadAt > heartbeatMs) {
        this.close(new Error('The broker is silent'));
      } else if (!this.hasWritten && this.blocked === null) {
        this.writer.heartbeat();
        this.flush();
      }
      this.hasWritten = false;
    }, heartbeatMs / 4);
    this.timers.push(beat);
  }

  private giveUpLate(): void {
    const { oldest } = this.waiting;
    const now = performance.now();
    if (oldest === undefined || oldest.deadline > now) return;
    this.waiting.giveUp(unavailable('RabbitMQ did not confirm a message in time'), now);
    if (now - this.lastConfirmAt > this.options.publishTimeoutMs) {
      this.close(new Error('The broker confirmed nothing within the publish timeout'));
    }
  }

  private block(reason: string | null): void {
    this.blocked = reason;
    if (reason !== null) this.waiting.giveUp(unavailable(`RabbitMQ takes no messages: ${reason}`, 5));
    this.options.onBlocked(reason);
  }

  private flushSoon(): void {
    if (this.flushing) return;
    this.flushing = true;
    process.nextTick(() => this.flush());
  }

  private flush(): void {
    this.flushing = false;
    if (this.writer.length === 0 || this.state === 'closed') return;
    this.hasWritten = true;
    this.socket.write(this.writer.take());
  }

  private close(error: Error): void {
    if (this.state === 'closed') return;
    const wasUp = this.state === 'up';
    this.state = 'closed';
    for (const timer of this.timers) clearInterval(timer);
    this.socket.destroy();
    this.waiting.giveUp(unavailable('The connection to RabbitMQ was lost', 1, error));
    if (wasUp) this.options.onClosed(error);
    else this.opened?.failed(error);
  }
}
