import type { Permission } from '@streamflow/contracts';
import type { WebSocket } from 'ws';
import { StreamFlowError, validationError } from '../domain/errors.ts';
import { readJson } from '../domain/events/strict-json.ts';
import type { Log } from '../domain/log.ts';
import type { Timers } from '../domain/timers.ts';
import { permissionDenied } from './gate.ts';
import type { Principal, SocketContext } from './service.ts';
import { bytesOf, errorFrame, refOf, sendFrame, tellable } from './socket-frames.ts';

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
  /**
   * It is known who reads; called once, with the `ref` of the `auth` frame. What it throws is told, and closes the
   * socket.
   */
  onOpen(principal: Principal, ref: string | undefined): void | Promise<void>;
  /** A frame of an open socket. What it throws is told, and the socket stays open. */
  onFrame(frame: object, ref: string | undefined): void;
}

const authTimeoutMs = 5000;
const maxUnknownFrameBytes = 4096;
const policyViolation = 1008;
const tryAgainLater = 1013;

export function openAuthenticated(
  socket: WebSocket,
  context: SocketContext,
  options: AuthenticatedSocketOptions,
): void {
  const { permission, timers, log } = options;
  const held: Buffer[] = [];
  let isOpen = false;
  let isAuthenticating = false;

  const refuse = (error: unknown, ref?: string): void => {
    if (!(error instanceof StreamFlowError))
      log.error('Socket failed by a defect', { error, correlation_id: context.correlationId });
    sendFrame(socket, errorFrame(error, ref));
  };
  const dismiss = (error: unknown, ref?: string): void => {
    cancelDeadline();
    refuse(error, ref);
    const { code } = tellable(error);
    socket.close(code === 'ServiceUnavailable' ? tryAgainLater : policyViolation, code);
  };
  const cancelDeadline =
    context.principal === null
      ? timers.after(authTimeoutMs, () => dismiss(authenticationRequired('No auth frame came in time')))
      : () => {};

  async function open(principal: Principal, ref?: string): Promise<void> {
    cancelDeadline();
    isOpen = true;
    try {
      await options.onOpen(principal, ref);
    } catch (error) {
      dismiss(error, ref);
    }
  }

  async function authenticate(token: unknown, ref: string | undefined): Promise<void> {
    isAuthenticating = true;
    socket.pause();
    try {
      if (typeof token !== 'string') throw authenticationRequired('token must be a JWT or an API key');
      const known = await context.authenticate(token);
      if (!known.permissions.has(permission)) throw permissionDenied(permission);
      if (socket.readyState === socket.OPEN) await open(known, ref);
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
      if (!isOpen && bytes.length > maxUnknownFrameBytes)
        throw authenticationRequired('The first frame must be auth, and small');
      const frame: unknown = readJson(bytes).value;
      if (typeof frame !== 'object' || frame === null || Array.isArray(frame))
        throw validationError([{ field: '', message: 'A frame must be an object' }]);
      ref = refOf(frame);
      if (isOpen) options.onFrame(frame, ref);
      else if ('type' in frame && frame.type === 'auth')
        void authenticate('token' in frame ? frame.token : undefined, ref);
      else throw authenticationRequired('The first frame must be auth');
    } catch (error) {
      if (isOpen) refuse(error, ref);
      else dismiss(error, ref);
    }
  }

  socket.on('message', (data, isBinary) => {
    if (!isBinary) return onBytes(bytesOf(data));
    const error = new StreamFlowError('BadRequest', 'Frames are JSON as text, not binary');
    if (isOpen) refuse(error);
    else dismiss(error);
  });
  socket.once('close', () => cancelDeadline());
  if (context.principal !== null) void open(context.principal);
}

const authenticationRequired = (message: string): StreamFlowError =>
  new StreamFlowError('AuthenticationRequired', message);
