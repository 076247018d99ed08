import { StreamFlowError } from '../../../../domain/errors.ts';
import { frameEnd, frameOverhead, frameType, method, persistent, property } from './protocol.ts';

/** Values by name, as they travel in the headers of a message. */
export type FieldTable = Readonly<Record<string, unknown>>;

export interface OutgoingMessage {
  readonly exchange: string;
  readonly routingKey: string;
  /** At most 255 bytes. */
  readonly id: string;
  readonly contentType: string;
  readonly headers: FieldTable;
  readonly body: Buffer;
  /** Survives a restart of the broker. */
  readonly persistent: boolean;
  /** Comes back when no queue is bound for it. */
  readonly mandatory: boolean;
}

const basicClass = 60;
const initialBytes = 64 * 1024;
const int32 = 0x80000000;

/** Writes frames one behind the other into one piece of memory, which `take` hands over. */
export class FrameWriter {
  private bytes = Buffer.allocUnsafe(initialBytes);
  private at = 0;

  get length(): number {
    return this.at;
  }

  /** What was written since the last time; it is the caller's from now on. */
  take(): Buffer {
    const taken = this.bytes.subarray(0, this.at);
    const left = this.bytes.length - this.at;
    this.bytes = left > initialBytes / 2 ? this.bytes.subarray(this.at) : Buffer.allocUnsafe(initialBytes);
    this.at = 0;
    return taken;
  }

  method(channel: number, methodId: number, write?: (writer: FrameWriter) => void): void {
    const start = this.begin(frameType.method, channel);
    this.uint32(methodId);
    write?.(this);
    this.end(start);
  }

  heartbeat(): void {
    this.end(this.begin(frameType.heartbeat, 0));
  }

  /** @throws StreamFlowError `InternalError`, with nothing written, when the message does not fit the protocol. */
  message(channel: number, message: OutgoingMessage, frameMax: number): void {
    const { at } = this;
    try {
      this.writeMessage(channel, message, frameMax);
    } catch (error) {
      this.at = at;
      throw error;
    }
  }

  private writeMessage(channel: number, message: OutgoingMessage, frameMax: number): void {
    const publish = this.begin(frameType.method, channel);
    this.uint32(method.basicPublish);
    this.uint16(0);
    this.shortString(message.exchange);
    this.shortString(message.routingKey);
    this.uint8(message.mandatory ? 1 : 0);
    this.end(publish);

    const header = this.begin(frameType.header, channel);
    this.uint16(basicClass);
    this.uint16(0);
    this.uint64(message.body.length);
    this.uint16(property.contentType | property.headers | property.deliveryMode | property.messageId);
    this.shortString(message.contentType);
    this.table(message.headers);
    this.uint8(message.persistent ? persistent : 1);
    this.shortString(message.id);
    this.end(header);

    const most = frameMax - frameOverhead;
    for (let from = 0; from < message.body.length; from += most) {
      const to = Math.min(from + most, message.body.length);
      const body = this.begin(frameType.body, channel);
      this.reserve(to - from);
      this.at += message.body.copy(this.bytes, this.at, from, to);
      this.end(body);
    }
  }

  uint8(value: number): void {
    this.reserve(1);
    this.at = this.bytes.writeUInt8(value, this.at);
  }

  uint16(value: number): void {
    this.reserve(2);
    this.at = this.bytes.writeUInt16BE(value, this.at);
  }

  uint32(value: number): void {
    this.reserve(4);
    this.at = this.bytes.writeUInt32BE(value, this.at);
  }

  uint64(value: number): void {
    this.uint32(Math.floor(value / 0x100000000));
    this.uint32(value % 0x100000000);
  }

  shortString(text: string): void {
    // At most three bytes of UTF-8 a UTF-16 unit.
    this.reserve(1 + text.length * 3);
    const written = this.bytes.write(text, this.at + 1);
    if (written > 255) throw unwritable(`a text of ${written} bytes where 255 fit`);
    this.bytes[this.at] = written;
    this.at += 1 + written;
  }

  longString(text: string): void {
    this.reserve(4 + text.length * 3);
    const written = this.bytes.write(text, this.at + 4);
    this.bytes.writeUInt32BE(written, this.at);
    this.at += 4 + written;
  }

  table(fields: FieldTable): void {
    const start = this.sized();
    for (const name in fields) {
      const value = fields[name];
      if (value === undefined) continue;
      this.shortString(name);
      this.field(value);
    }
    this.close(start);
  }

  private field(value: unknown): void {
    if (typeof value === 'string') {
      this.uint8(0x53);
      this.longString(value);
    } else if (typeof value === 'number') this.number(value);
    else if (typeof value === 'boolean') {
      this.uint8(0x74);
      this.uint8(value ? 1 : 0);
    } else if (value === null) this.uint8(0x56);
    else if (Array.isArray(value)) {
      this.uint8(0x41);
      const start = this.sized();
      for (const item of value) this.field(item);
      this.close(start);
    } else if (typeof value === 'object') {
      this.uint8(0x46);
      this.table({ ...value });
    } else throw unwritable(`a header of type ${typeof value}`);
  }

  private number(value: number): void {
    this.reserve(9);
    if (Number.isInteger(value) && value >= -int32 && value < int32) {
      this.at = this.bytes.writeUInt8(0x49, this.at);
      this.at = this.bytes.writeInt32BE(value, this.at);
    } else if (Number.isSafeInteger(value)) {
      this.at = this.bytes.writeUInt8(0x6c, this.at);
      this.at = this.bytes.writeBigInt64BE(BigInt(value), this.at);
    } else {
      this.at = this.bytes.writeUInt8(0x64, this.at);
      this.at = this.bytes.writeDoubleBE(value, this.at);
    }
  }

  private begin(type: number, channel: number): number {
    this.uint8(type);
    this.uint16(channel);
    return this.sized();
  }

  private end(start: number): void {
    this.close(start);
    this.uint8(frameEnd);
  }

  /** Leaves room for a size, which `close` fills in. */
  private sized(): number {
    this.uint32(0);
    return this.at;
  }

  private close(start: number): void {
    this.bytes.writeUInt32BE(this.at - start, start - 4);
  }

  private reserve(bytes: number): void {
    const needed = this.at + bytes;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
  }
}

const unwritable = (what: string): StreamFlowError =>
  new StreamFlowError('InternalError', `A message cannot be written: ${what}`);
