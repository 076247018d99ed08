import type { Permission } from '@streamflow/contracts';
import type { RawData, WebSocket } from 'ws';
import { StreamFlowError } from '../domain/errors.ts';
import { readJson } from '../domain/events/strict-json.ts';
import type { Log } from '../domain/log.ts';
import type { Timers } from '../domain/timers.ts';
import type { Principal, SocketContext } from './service.ts';

/*
 * The beginning of a socket on which the server tells and the client asks little:
 *
 *   unknown ──auth frame──▶ authenticating ──known, permitted──▶ open ──▶ closed
 *      └──5 s, any other frame, more than 4 KB, refused──▶ error frame, 1008
 *
 * A socket whose upgrade carried credentials begins open. Frames that come while authenticating are held; the socket is
 * paused meanwhile, which bounds them.
 */

export interface AuthenticatedSocketOptions {
  readonly permission: Permission;
  readonly timers: Timers;
  readonly log: Log;
  /** The socket is open; called once. */
  onOpen(principal: Principal): void;
  /** A frame of an open socket, as JSON. What it throws is answered with an error frame. */
  onFrame(frame: unknown): void;
}

const authTimeoutMs = 5000;
const maxUnknownFrameBytes = 4096;
const policyViolation = 1008;

export function openAuthenticated(
  socket: WebSocket,
  context: SocketContext,
  options: AuthenticatedSocketOptions,
): void {
  const { permission, timers, log } = options;
  const held: Buffer[] = [];
  let principal = context.principal;
  let isAuthenticating = false;

  const refuse = (error: unknown, ref: string | undefined): void => {
    if (!(error instanceof StreamFlowError))
      log.error('Socket frame failed by a defect', { error, correlation_id: context.correlationId });
    if (socket.readyState === socket.OPEN) socket.send(errorFrame(error, ref));
  };
  const dismiss = (error: unknown, ref?: string): void => {
    cancelDeadline();
    refuse(error, ref);
    socket.close(policyViolation, error instanceof StreamFlowError ? error.code : 'InternalError');
  };
  const cancelDeadline =
    principal === null
      ? timers.after(authTimeoutMs, () => dismiss(unauthenticated('No auth frame came in time')))
      : () => {};
  socket.once('close', () => cancelDeadline());

  async function authenticate(token: unknown, ref: string | undefined): Promise<void> {
    isAuthenticating = true;
    socket.pause();
    try {
      if (typeof token !== 'string') throw unauthenticated('token must be a JWT or an API key');
      const known = await context.authenticate(token);
      if (!known.permissions.has(permission))
        throw new StreamFlowError('PermissionDenied', `This needs the permission ${permission}`);
      cancelDeadline();
      const isFirst = principal === null;
      principal = known;
      if (isFirst && socket.readyState === socket.OPEN) options.onOpen(known);
    } catch (error) {
      dismiss(error, ref);
    }
    isAuthenticating = false;
    socket.resume();
    for (const bytes of held.splice(0)) onBytes(bytes);
  }

  function onBytes(bytes: Buffer): void {
    if (socket.readyState !== socket.OPEN) return;
    if (isAuthenticating) {
      held.push(bytes);
      return;
    }
    let ref: string | undefined;
    try {
      if (principal === null && bytes.length > maxUnknownFrameBytes)
        throw unauthenticated('The first frame must be auth, and small');
      const frame: unknown = readJson(bytes).value;
      ref = refOf(frame);
      const isAuth = typeof frame === 'object' && frame !== null && 'type' in frame && frame.type === 'auth';
      if (isAuth) void authenticate('token' in frame ? frame.token : undefined, ref);
      else if (principal === null) throw unauthenticated('The first frame must be auth');
      else options.onFrame(frame);
    } catch (error) {
      if (principal === null) dismiss(error, ref);
      else refuse(error, ref);
    }
  }

  socket.on('message', (data, isBinary) => {
    if (!isBinary) return onBytes(bytesOf(data));
    const error = new StreamFlowError('BadRequest', 'Frames are JSON as text, not binary');
    if (principal === null) dismiss(error);
    else refuse(error, undefined);
  });
  if (principal !== null) options.onOpen(principal);
}

/** The `ref` of whatever was sent, to be echoed. */
export function refOf(frame: unknown): string | undefined {
  if (typeof frame !== 'object' || frame === null || !('ref' in frame)) return undefined;
  return typeof frame.ref === 'string' && frame.ref.length <= 128 ? frame.ref : undefined;
}

const unauthenticated = (message: string): StreamFlowError =>
  new StreamFlowError('AuthenticationRequired', message);

function errorFrame(error: unknown, ref: string | undefined): string {
  const told =
    error instanceof StreamFlowError ? error : new StreamFlowError('InternalError', 'The server failed');
  return JSON.stringify({
    type: 'error',
    error: told.code,
    message: told.message,
    details: told.details,
    ...(ref === undefined ? {} : { ref }),
  });
}

function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
