import type { WebSocket } from 'ws';
import { StreamFlowError } from '../../domain/errors.ts';
import { normaliseBatch } from '../../domain/events/batch.ts';
import type { Receipt } from '../../domain/events/event-issues.ts';
import { type AcceptedEvent, type Normalise, orThrow } from '../../domain/events/normalise.ts';
import { restrictTypes } from '../../domain/events/restrict-types.ts';
import { type JsonDocument, readJson, refuseDefects } from '../../domain/events/strict-json.ts';
import { formatTimestamp } from '../../domain/events/timestamp.ts';
import type { Log } from '../../domain/log.ts';
import type { Timers } from '../../domain/timers.ts';
import type { Tracing } from '../../domain/tracing.ts';
import type { Principal, SocketContext } from '../../http/service.ts';
import { bytesOf, refOf, tellable } from '../../http/socket-frames.ts';
import { counted, countRefused, type Intake, publishEvents } from './intake.ts';
import type { PublishDone } from './publisher.ts';
import { normaliseAnyForm } from './short-event.ts';
import { readBatchData, readFrame, serverFrames } from './socket-frames.ts';

/*
 * The life of one socket:
 *
 *   unknown ──auth frame──▶ authenticating ──known, may write──▶ open ──▶ closed
 *      │                          └──refused──▶ error frame, 1008
 *      └──5 s, any other frame, more than 4 KB──▶ error frame, 1008
 *
 * A socket whose upgrade carried credentials, or that may stay anonymous, begins open. While authenticating nothing is
 * read from the connection; frames of the chunk that was read already are held, which bounds them. While open, frames
 * are taken up as they come and answered when their events are durable. Reading stops while too much is unanswered, or
 * while the client does not read its answers, so that TCP holds the sender back and nothing piles up here.
 */

export interface SocketLimits {
  /** Time for the `auth` frame, milliseconds. */
  readonly authTimeoutMs: number;
  /** Largest frame before the socket is authenticated, bytes. */
  readonly maxUnknownFrameBytes: number;
  /** Bytes of unanswered frames at which reading stops; one frame is always taken. */
  readonly maxPendingBytes: number;
  readonly maxPendingFrames: number;
  /** Bytes of answers that the client has not read at which reading stops. */
  readonly maxUnreadBytes: number;
}

export const defaultSocketLimits: SocketLimits = {
  authTimeoutMs: 5000,
  maxUnknownFrameBytes: 4096,
  maxPendingBytes: 1024 * 1024,
  maxPendingFrames: 1000,
  maxUnreadBytes: 1024 * 1024,
};

export interface SessionOptions {
  readonly intake: Intake;
  readonly timers: Timers;
  readonly log: Log;
  /** Who a socket without credentials is; null when it must authenticate. */
  readonly anonymous: Principal | null;
  readonly limits: SocketLimits;
  readonly tracing: Pick<Tracing, 'start'> | null;
}

const policyViolation = 1008;

export function startSession(socket: WebSocket, context: SocketContext, options: SessionOptions): void {
  const { intake, timers, limits, tracing } = options;
  const log = options.log.child({ correlation_id: context.correlationId });
  const normaliseAll = normaliseAnyForm(intake.normalise);
  const normaliseFor = (sender: Principal): Normalise => restrictTypes(normaliseAll, sender.eventTypes);
  const held: Buffer[] = [];
  let principal = context.principal ?? options.anonymous;
  let isAuthenticating = false;
  let pendingBytes = 0;
  let pendingFrames = 0;

  const regulate = (): void => {
    const mustWait =
      isAuthenticating ||
      pendingBytes >= limits.maxPendingBytes ||
      pendingFrames >= limits.maxPendingFrames ||
      socket.bufferedAmount >= limits.maxUnreadBytes;
    if (mustWait && !socket.isPaused) socket.pause();
    else if (!mustWait && socket.isPaused) socket.resume();
  };

  const send = (text: string): void => {
    if (socket.readyState === socket.OPEN) socket.send(text, regulate);
  };

  const refuse = (error: unknown, ref?: string): void => {
    if (tellable(error).code === 'InternalError') log.error('Socket frame failed by a defect', { error });
    send(serverFrames.error(error, ref));
  };

  const dismiss = (error: unknown, ref?: string): void => {
    cancelDeadline();
    refuse(error, ref);
    socket.close(policyViolation, tellable(error).code);
  };

  const authenticationRequired = (message: string): StreamFlowError =>
    new StreamFlowError('AuthenticationRequired', message);

  const cancelDeadline =
    principal === null
      ? timers.after(limits.authTimeoutMs, () =>
          dismiss(authenticationRequired('No auth frame came in time')),
        )
      : () => {};

  const authenticate = async (token: unknown, ref: string | undefined): Promise<void> => {
    isAuthenticating = true;
    regulate();
    try {
      if (typeof token !== 'string') throw authenticationRequired('token must be a JWT or an API key');
      const known = await context.authenticate(token);
      if (!known.permissions.has('events:write'))
        throw new StreamFlowError('PermissionDenied', 'Sending events needs the permission events:write');
      cancelDeadline();
      principal = known;
      send(serverFrames.ready(ref));
    } catch (error) {
      dismiss(error, ref);
    }
    isAuthenticating = false;
    for (const bytes of held.splice(0)) onFrame(bytes);
    regulate();
  };

  const onStrangersFrame = (bytes: Buffer): void => {
    if (bytes.length > limits.maxUnknownFrameBytes) {
      dismiss(authenticationRequired('The first frame must be auth, and small'));
      return;
    }
    let ref: string | undefined;
    try {
      const document = readJson(bytes);
      ref = refOf(document.value);
      const frame = readFrame(document);
      if (frame.type !== 'auth') throw authenticationRequired('The first frame must be auth');
      void authenticate(frame.token, ref);
    } catch (error) {
      dismiss(error, ref);
    }
  };

  /** Publishes what a frame brought; the frame counts as pending until it is answered. */
  const publish = (
    receipt: Receipt,
    events: readonly AcceptedEvent[],
    bytes: number,
    answer: () => string,
    ref: string | undefined,
  ): void => {
    pendingBytes += bytes;
    pendingFrames += 1;
    // A socket lives for hours: each of its frames is a piece of work of its own.
    const span =
      tracing?.start('WS /ws', {
        kind: 'server',
        attributes: {
          'http.route': '/ws',
          'messaging.batch.message_count': events.length,
          'streamflow.correlation_id': context.correlationId,
        },
      }) ?? null;
    const done: PublishDone = (error) => {
      pendingBytes -= bytes;
      pendingFrames -= 1;
      span?.end(error === null ? undefined : error.code);
      if (error === null) send(answer());
      else refuse(error, ref);
      regulate();
    };
    publishEvents(intake, receipt, events, done, span?.traceparent);
  };

  const onEvent = (sender: Principal, document: JsonDocument, data: unknown, bytes: number): void => {
    const ref = refOf(document.value);
    const [event, receipt] = counted(intake, sender.project, () => {
      refuseDefects(document, { maxDepth: intake.limits.maxJsonDepth, outerLevels: 1 }, ['data']);
      const taken = intake.takeReceipt(sender.project);
      return [orThrow(normaliseFor(sender)(data, taken)), taken];
    });
    publish(receipt, [event], bytes, () => serverFrames.ack(event.id, ref), ref);
  };

  const onBatch = (sender: Principal, document: JsonDocument, data: unknown, bytes: number): void => {
    const ref = refOf(document.value);
    const [batch, receipt] = counted(intake, sender.project, () => {
      const { events, partial, sentAt } = readBatchData(data);
      const taken = intake.takeReceipt(
        sender.project,
        sentAt === undefined ? undefined : { value: sentAt, field: 'data.sent_at' },
      );
      const at = ['data', 'events'];
      const options = { at, receipt: taken, partial, limits: intake.limits, normalise: normaliseFor(sender) };
      return [normaliseBatch(document, events, options), taken];
    });
    const refused = batch.ids.length - batch.accepted.length;
    if (refused > 0) countRefused(intake, sender.project, 'invalid', refused);
    publish(receipt, batch.accepted, bytes, () => serverFrames.batchAck(batch.ids, batch.issues, ref), ref);
  };

  const onFrame = (bytes: Buffer): void => {
    if (socket.readyState !== socket.OPEN) return;
    if (isAuthenticating) {
      held.push(bytes);
      return;
    }
    if (principal === null) {
      onStrangersFrame(bytes);
      return;
    }
    let ref: string | undefined;
    try {
      const document = counted(intake, principal.project, () => readJson(bytes));
      ref = refOf(document.value);
      const frame = readFrame(document);
      if (frame.type === 'event') onEvent(principal, document, frame.data, bytes.length);
      else if (frame.type === 'batch') onBatch(principal, document, frame.data, bytes.length);
      else if (frame.type === 'ping') send(serverFrames.pong(formatTimestamp(intake.clock.now()), ref));
      else void authenticate(frame.token, ref);
    } catch (error) {
      refuse(error, ref);
    }
    regulate();
  };

  socket.on('message', (data, isBinary) => {
    if (isBinary) {
      const error = new StreamFlowError('BadRequest', 'Frames are JSON as text, not binary');
      if (principal === null) dismiss(error);
      else refuse(error);
      return;
    }
    onFrame(bytesOf(data));
  });
  socket.once('close', cancelDeadline);
}
