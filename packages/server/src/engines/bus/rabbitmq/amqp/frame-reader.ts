import { frameEnd, largestFrame, property } from './protocol.ts';

/** Cuts the bytes of a connection into frames. */
export class FrameReader {
  private rest: Buffer = Buffer.alloc(0);
  private readonly onFrame: (type: number, channel: number, payload: Buffer) => void;

  constructor(onFrame: (type: number, channel: number, payload: Buffer) => void) {
    this.onFrame = onFrame;
  }

  /** @throws RangeError when the bytes are no frames. */
  push(chunk: Buffer): void {
    const bytes = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    let at = 0;
    while (bytes.length - at >= 7) {
      const size = bytes.readUInt32BE(at + 3);
      if (size > largestFrame) throw noFrame();
      const end = at + 7 + size;
      if (end >= bytes.length) break;
      if (bytes[end] !== frameEnd) throw noFrame();
      this.onFrame(bytes.readUInt8(at), bytes.readUInt16BE(at + 1), bytes.subarray(at + 7, end));
      at = end + 1;
    }
    this.rest = bytes.subarray(at);
  }
}

const noFrame = (): RangeError => new RangeError('The broker sent what is no AMQP frame');

export function readShortString(payload: Buffer, at: number): string {
  return payload.toString('utf8', at + 1, at + 1 + payload.readUInt8(at));
}

/** The reply code and text of `connection.close` and `channel.close`. */
export function readCloseReason(payload: Buffer): { readonly code: number; readonly text: string } {
  return { code: payload.readUInt16BE(4), text: readShortString(payload, 6) };
}

/** The message id in a content header; undefined without one. */
export function readMessageId(payload: Buffer): string | undefined {
  const flags = payload.readUInt16BE(12);
  if ((flags & property.messageId) === 0) return undefined;
  let at = 14;
  const skipShortString = (): void => {
    at += 1 + payload.readUInt8(at);
  };
  if (flags & property.contentType) skipShortString();
  if (flags & property.contentEncoding) skipShortString();
  if (flags & property.headers) at += 4 + payload.readUInt32BE(at);
  if (flags & property.deliveryMode) at += 1;
  if (flags & property.priority) at += 1;
  if (flags & property.correlationId) skipShortString();
  if (flags & property.replyTo) skipShortString();
  if (flags & property.expiration) skipShortString();
  return readShortString(payload, at);
}

/** The size of a content header's body, bytes. */
export const readBodySize = (payload: Buffer): number =>
  payload.readUInt32BE(4) * 0x100000000 + payload.readUInt32BE(8);
