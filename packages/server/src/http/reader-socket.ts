import type { ErrorCode, Permission } from '@streamflow/contracts';
import type { RawData, WebSocket } from 'ws';
import { StreamFlowError, validationError } from '../domain/errors.ts';
import { readJson } from '../domain/events/strict-json.ts';
import type { Log } from '../domain/log.ts';
import type { Timers } from '../domain/timers.ts';
import { permissionDenied } from './gate.ts';
import type { Principal, SocketContext } from './service.ts';

/*
 * A socket that tells rather than takes. Its client says who it is in the handshake or in an `auth` frame; whatever else
 * it says first, or nothing in time, ends it with an `error` frame and 1008.
 */

export interface AuthenticatedSocketOptions {
  readonly socket: WebSocket;
  readonly context: SocketContext;
  readonly permission: Permission;
  readonly timers: Timers;
  readonly log: Log;
  /** Called once, when it is known who reads; `ref` is that of the `auth` frame. */
  onAdmitted(principal: Principal, ref: string | undefined): void;
  /** A frame of a client that is admitted, but for `auth`. What it throws is told in an `error` frame. */
  onFrame(frame: ClientFrame): void;
}

export interface ClientFrame {
  readonly type: unknown;
  readonly ref: string | undefined;
}

const authTimeoutMs = 5000;
const maxUnknownFrameBytes = 4096;
const maxRefLength = 128;
const policyViolation = 1008;

export function admitSocket(options: AuthenticatedSocketOptions): void {
  const { socket, context, permission, timers, log } = options;
  let principal: Principal | null = null;
  let isAuthenticating = false;

  const refuse = (error: unknown, ref?: string): void => {
    if (!(error instanceof StreamFlowError))
      log.error('Socket failed by a defect', { correlation_id: context.correlationId, error });
    sendFrame(socket, errorFrame(error, ref));
  };
  const dismiss = (error: StreamFlowError, ref?: string): void => {
    cancelDeadline();
    refuse(error, ref);
    socket.close(policyViolation, error.code);
  };
  const admit = (known: Principal, ref?: string): void => {
    cancelDeadline();
    principal = known;
    options.onAdmitted(known, ref);
  };
  const cancelDeadline =
    context.principal === null
      ? timers.after(authTimeoutMs, () => dismiss(authenticationRequired('No auth frame came in time')))
      : () => {};

  const authenticate = async (token: unknown, ref: string | undefined): Promise<void> => {
    isAuthenticating = true;
    try {
      if (typeof token !== 'string') throw authenticationRequired('token must be a JWT or an API key');
      const known = await context.authenticate(token);
      if (!known.permissions.has(permission)) throw permissionDenied(permission);
      if (socket.readyState === socket.OPEN) admit(known, ref);
    } catch (error) {
      if (error instanceof StreamFlowError) dismiss(error, ref);
      else {
        refuse(error, ref);
        socket.close(policyViolation);
      }
    }
    isAuthenticating = false;
  };

  const onMessage = (bytes: Buffer, isBinary: boolean): void => {
    if (socket.readyState !== socket.OPEN) return;
    let ref: string | undefined;
    try {
      if (principal === null && (isAuthenticating || bytes.length > maxUnknownFrameBytes))
        throw authenticationRequired('The first frame must be auth, small, and alone');
      if (isBinary) throw new StreamFlowError('BadRequest', 'Frames are JSON as text, not binary');
      const { value } = readJson(bytes);
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw validationError([{ field: '', message: 'A frame must be an object' }]);
      ref = refOf(value);
      const type = 'type' in value ? value.type : undefined;
      if (type === 'auth' && principal === null)
        void authenticate('token' in value ? value.token : undefined, ref);
      else if (principal === null) throw authenticationRequired('The first frame must be auth');
      else options.onFrame({ type, ref });
    } catch (error) {
      if (principal === null && error instanceof StreamFlowError) dismiss(error, ref);
      else refuse(error, ref);
    }
  };

  socket.on('message', (data, isBinary) => onMessage(bytesOf(data), isBinary));
  socket.once('close', cancelDeadline);
  if (context.principal !== null) admit(context.principal);
}

/** An `error` frame. What a client may not be told of, a defect of ours, stays in the log. */
export function errorFrame(
  error: unknown,
  ref?: string,
): {
  type: 'error';
  error: ErrorCode;
  message: string;
  details: Record<string, unknown>;
  retry_after?: number;
  ref?: string;
} {
  const told =
    error instanceof StreamFlowError ? error : new StreamFlowError('InternalError', 'The server failed');
  return {
    type: 'error',
    error: told.code,
    message: told.message,
    details: told.details,
    ...(told.retryAfter === undefined ? {} : { retry_after: told.retryAfter }),
    ...(ref === undefined ? {} : { ref }),
  };
}

export function sendFrame(socket: WebSocket, frame: object): void {
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(frame));
}

const authenticationRequired = (message: string): StreamFlowError =>
  new StreamFlowError('AuthenticationRequired', message);

function refOf(value: object): string | undefined {
  if (!('ref' in value)) return undefined;
  return typeof value.ref === 'string' && value.ref.length <= maxRefLength ? value.ref : undefined;
}

function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
