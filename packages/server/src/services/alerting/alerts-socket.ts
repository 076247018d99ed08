import { AlertsClientFrame, type AlertsServerFrame, alertsSocket } from '@streamflow/contracts';
import { Compile } from 'typebox/compile';
import type { WebSocket } from 'ws';
import type { Clock } from '../../domain/clock.ts';
import { StreamFlowError } from '../../domain/errors.ts';
import type { Log } from '../../domain/log.ts';
import { type AlertRecord, alerts } from '../../domain/records/alerts.ts';
import type { Timers } from '../../domain/timers.ts';
import type { RecordReader } from '../../engines/record-store/port.ts';
import { openAuthenticated } from '../../http/authenticated-socket.ts';
import type { MountedSocket, SocketContext } from '../../http/service.ts';
import { sendFrame, withRef } from '../../http/socket-frames.ts';
import { viewAlert } from './alert-views.ts';
import type { AlertsFeed } from './alerts-feed.ts';

const clientFrames = Compile(AlertsClientFrame);

const maxFrameBytes = 64 * 1024;
const openAlerts = 100;
/** A reader that leaves so much unread is let go: it gets the open alerts when it comes again. */
const maxUnreadBytes = 1024 * 1024;
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
    connect: (socket, context) => openFeed(socket, context, options),
  };
}

function openFeed(socket: WebSocket, context: SocketContext, options: AlertsSocketOptions): void {
  const { records, feed, clock, timers, log } = options;

  const send = (frame: AlertsServerFrame): void => {
    if (socket.bufferedAmount > maxUnreadBytes) socket.close(tryAgainLater, 'Frames are not read');
    else sendFrame(socket, frame);
  };

  openAuthenticated(socket, context, {
    permission: alertsSocket.permission,
    timers,
    log,
    async onOpen({ project }) {
      const early: AlertsServerFrame[] = [];
      let isReady = false;
      // Listening before reading: what happens in between comes after what was read.
      const stopListening = feed.listen(project, (frame) => (isReady ? send(frame) : early.push(frame)));
      socket.once('close', stopListening);
      send({ type: 'ready', alerts: (await firing(records, project)).map(viewAlert) });
      isReady = true;
      for (const frame of early) send(frame);
    },
    onFrame(frame, ref) {
      if (!clientFrames.Check(frame))
        throw new StreamFlowError('ValidationError', 'A frame is {"type":"auth","token"} or {"type":"ping"}');
      if (frame.type === 'ping')
        send({ type: 'pong', timestamp: new Date(clock.now()).toISOString(), ...withRef(ref) });
    },
  });
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
