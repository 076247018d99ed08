import { EventTailQuery, eventTailSocket } from '@streamflow/contracts';
import type { WebSocket } from 'ws';
import type { Clock } from '../../../domain/clock.ts';
import { validationError } from '../../../domain/errors.ts';
import { formatTimestamp } from '../../../domain/events/timestamp.ts';
import type { Log } from '../../../domain/log.ts';
import type { EventFilter } from '../../../domain/queries/event-query.ts';
import { readEventFilter } from '../../../domain/queries/parse-event-filter.ts';
import { createQueryReader } from '../../../domain/queries/query-reader.ts';
import type { Timers } from '../../../domain/timers.ts';
import { openAuthenticated } from '../../../http/authenticated-socket.ts';
import { createQueryParser } from '../../../http/query.ts';
import type { MountedSocket } from '../../../http/service.ts';
import { sendFrame, withRef } from '../../../http/socket-frames.ts';
import type { EventTail, TailFrame } from './event-tail.ts';

const maxFrameBytes = 64 * 1024;
/** Bytes that a reader has not read at which frames for it are left out. */
const maxUnreadBytes = 1024 * 1024;
const clientFrames = ['auth', 'ping'];
const pingFields = ['type', 'ref'];

export interface EventTailSocketOptions {
  readonly tail: EventTail;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
}

const parseQuery = createQueryParser(EventTailQuery);

/** Tells of events as they become visible. */
export function createEventTailSocket({ tail, clock, timers, log }: EventTailSocketOptions): MountedSocket {
  return {
    path: eventTailSocket.path,
    summary: eventTailSocket.summary,
    contract: eventTailSocket,
    maxFrameBytes,
    permission: eventTailSocket.permission,
    connect(socket, context) {
      openAuthenticated(socket, context, {
        permission: eventTailSocket.permission,
        timers,
        log,
        onOpen: ({ project }, ref) =>
          followOn(socket, tail, readFilter(context.request.url ?? '', project), ref),
        onFrame: (frame, ref) => answer(socket, clock, frame, ref),
      });
    },
  };
}

function readFilter(url: string, project: string): EventFilter {
  const reader = createQueryReader(parseQuery(url));
  const filter = readEventFilter(reader, project, EventTailQuery);
  reader.finish();
  return filter;
}

function followOn(socket: WebSocket, tail: EventTail, filter: EventFilter, ref: string | undefined): void {
  let dropped = 0;
  const stop = tail.follow(filter, {
    onReady: () => sendFrame(socket, { type: 'ready', ...withRef(ref) }),
    onFrame({ text, matched }: TailFrame) {
      if (socket.readyState !== socket.OPEN) return;
      if (socket.bufferedAmount >= maxUnreadBytes) {
        dropped += matched;
        return;
      }
      if (dropped > 0) sendFrame(socket, { type: 'gap', dropped });
      dropped = 0;
      socket.send(text);
    },
  });
  socket.once('close', stop);
}

function answer(socket: WebSocket, clock: Clock, frame: object, ref: string | undefined): void {
  const type = 'type' in frame ? frame.type : undefined;
  const unknown = Object.keys(frame).find((field) => !pingFields.includes(field));
  if (type === 'ping' && unknown !== undefined)
    throw validationError([{ field: unknown, message: 'Unknown field', allowed_values: pingFields }]);
  if (type === 'ping') {
    const timestamp = formatTimestamp(clock.now());
    sendFrame(socket, { type: 'pong', timestamp, ...withRef(ref) });
  } else if (type === 'auth')
    throw validationError([{ field: 'type', message: 'The socket is authenticated' }]);
  else
    throw validationError([
      {
        field: 'type',
        message: `type must be one of ${clientFrames.join(', ')}`,
        allowed_values: clientFrames,
      },
    ]);
}
