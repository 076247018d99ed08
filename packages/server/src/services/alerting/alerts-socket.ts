import { AlertsClientFrame, type AlertsServerFrame, alertsSocket } from '@streamflow/contracts';
import { Compile } from 'typebox/compile';
import type { RawData, WebSocket } from 'ws';
import type { Clock } from '../../domain/clock.ts';
import { StreamFlowError } from '../../domain/errors.ts';
import type { Log } from '../../domain/log.ts';
import { type AlertRecord, alerts } from '../../domain/records/alerts.ts';
import type { Timers } from '../../domain/timers.ts';
import type { RecordReader } from '../../engines/record-store/port.ts';
import type { MountedSocket, Principal, SocketContext } from '../../http/service.ts';
import { viewAlert } from './alert-views.ts';
import type { AlertsFeed } from './alerts-feed.ts';

const clientFrames = Compile(AlertsClientFrame);

const authTimeoutMs = 5000;
/** The largest frame that a client has to say: its token. */
const maxFrameBytes = 4096;
const openAlerts = 100;
/** A reader that leaves so much unread is let go: it gets the open alerts when it comes again. */
const maxUnreadBytes = 1024 * 1024;
const policyViolation = 1008;
const tryAgainLater = 1013;

export interface AlertsSocketOptions {
  readonly records: RecordReader;
  readonly feed: AlertsFeed;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
}

export function createAlertsSocket(options: AlertsSocketOptions): MountedSocket {
  return {
    path: alertsSocket.path,
    summary: alertsSocket.summary,
    contract: alertsSocket,
    maxFrameBytes,
    permission: alertsSocket.permission,
    connect: (socket, context) => startSession(socket, context, options),
  };
}

function startSession(socket: WebSocket, context: SocketContext, options: AlertsSocketOptions): void {
  const { records, feed, clock, timers, log } = options;
  let isKnown = false;
  let stopListening = (): void => {};

  const send = (frame: AlertsServerFrame): void => {
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > maxUnreadBytes) socket.close(tryAgainLater, 'Frames are not read');
    else socket.send(JSON.stringify(frame));
  };
  const dismiss = (error: unknown): void => {
    const known =
      error instanceof StreamFlowError
        ? error
        : new StreamFlowError('InternalError', 'The server has a defect');
    if (known !== error) log.error('Socket of alerts failed by a defect', { error });
    send({ type: 'error', error: known.code, message: known.message });
    socket.close(policyViolation, known.code);
  };

  const admit = async (principal: Principal): Promise<void> => {
    if (!principal.permissions.has(alertsSocket.permission))
      throw new StreamFlowError(
        'PermissionDenied',
        `Reading alerts needs the permission ${alertsSocket.permission}`,
      );
    isKnown = true;
    cancelDeadline();
    const early: AlertsServerFrame[] = [];
    let isReady = false;
    // Listening before reading: what happens in between comes after what was read.
    stopListening = feed.listen(principal.project, (frame) => (isReady ? send(frame) : early.push(frame)));
    if (socket.readyState !== socket.OPEN) stopListening();
    send({ type: 'ready', alerts: (await firing(records, principal.project)).map(viewAlert) });
    isReady = true;
    for (const frame of early) send(frame);
  };

  const onFrame = async (data: RawData): Promise<void> => {
    const frame = parse(data);
    if (!clientFrames.Check(frame))
      throw new StreamFlowError('ValidationError', 'A frame is {"type":"auth","token"} or {"type":"ping"}');
    if (frame.type === 'ping') {
      if (!isKnown) throw new StreamFlowError('AuthenticationRequired', 'The first frame must be auth');
      send({ type: 'pong', timestamp: new Date(clock.now()).toISOString() });
    } else if (!isKnown) await admit(await context.authenticate(frame.token));
  };

  const cancelDeadline =
    context.principal === null
      ? timers.after(authTimeoutMs, () =>
          dismiss(new StreamFlowError('AuthenticationRequired', 'No auth frame came in time')),
        )
      : () => {};
  socket.on('message', (data: RawData) => void onFrame(data).catch(dismiss));
  socket.once('close', () => {
    cancelDeadline();
    stopListening();
  });
  if (context.principal !== null) admit(context.principal).catch(dismiss);
}

async function firing(records: RecordReader, project: string): Promise<readonly AlertRecord[]> {
  const lists = await Promise.all(
    (['firing', 'acknowledged'] as const).map((status) =>
      records.list(alerts, {
        project,
        where: { status },
        orderBy: 'fired_at',
        direction: 'desc',
        limit: openAlerts,
      }),
    ),
  );
  return lists
    .flatMap((list) => list.records)
    .sort((a, b) => b.fired_at - a.fired_at)
    .slice(0, openAlerts);
}

function parse(data: RawData): unknown {
  try {
    const bytes = Array.isArray(data)
      ? Buffer.concat(data)
      : Buffer.from(data instanceof ArrayBuffer ? new Uint8Array(data) : data);
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}
