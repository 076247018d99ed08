import type { ErrorFrame } from '@streamflow/contracts';
import type { RawData, WebSocket } from 'ws';
import { StreamFlowError } from '../domain/errors.ts';

export const maxRefLength = 128;

/** The `ref` of whatever was sent, to be echoed even when the rest is wrong. */
export function refOf(frame: unknown): string | undefined {
  if (typeof frame !== 'object' || frame === null || !('ref' in frame)) return undefined;
  return typeof frame.ref === 'string' && frame.ref.length <= maxRefLength ? frame.ref : undefined;
}

export const withRef = (ref: string | undefined): { ref?: string } => (ref === undefined ? {} : { ref });

/** What a client may be told of an error: a defect of ours stays in the log. */
export const tellable = (error: unknown): StreamFlowError =>
  error instanceof StreamFlowError
    ? error
    : new StreamFlowError('InternalError', 'The server failed', { cause: error });

export function errorFrame(error: unknown, ref?: string): ErrorFrame {
  const { code, message, details, retryAfter } = tellable(error);
  return {
    type: 'error',
    error: code,
    message,
    details,
    ...(retryAfter === undefined ? {} : { retry_after: retryAfter }),
    ...withRef(ref),
  };
}

export function sendFrame(socket: WebSocket, frame: object): void {
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(frame));
}

export function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
