import { MetricsClientFrame, metricsSocket } from '@streamflow/contracts';
import { Compile } from 'typebox/compile';
import type { WebSocket } from 'ws';
import type { Clock } from '../../domain/clock.ts';
import { validationError } from '../../domain/errors.ts';
import type { Log } from '../../domain/log.ts';
import type { LiveMetrics, RevisedSeconds } from '../../domain/metrics/live-metrics.ts';
import type { Timers } from '../../domain/timers.ts';
import { openAuthenticated } from '../../http/authenticated-socket.ts';
import type { MountedSocket, Principal } from '../../http/service.ts';
import { sendFrame, withRef } from '../../http/socket-frames.ts';
import {
  type Figures,
  figuresAt,
  partsAt,
  type Selection,
  secondAt,
  secondsBefore,
  select,
} from './live-frames.ts';
import { Revisions } from './revisions.ts';

/*
 * Every second is one frame, made once for all readers of a project. A reader that has more than `mostUnread` before it
 * gets none; when it has read on, a `gap` names what was dropped. Nothing is kept for it meanwhile.
 */

export interface MetricsSocketOptions {
  readonly live: LiveMetrics;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  /** Frames were not sent to a reader that is too slow. */
  onDropped(): void;
}

export interface MetricsSocket {
  readonly mounted: MountedSocket;
  readonly readers: number;
  start(): void;
  stop(): void;
}

const second = 1000;
/** Bytes that a reader has not taken at which frames are dropped. */
const mostUnread = 64 * 1024;
/** After a standstill so many seconds are told one by one at most; before them is a gap. */
const mostAtOnce = 10;
const maxFrameBytes = 64 * 1024;
const clientFrame = Compile(MetricsClientFrame);

interface Reader {
  readonly socket: WebSocket;
  readonly project: string;
  selection: Selection;
  seq: number;
  /** The first frame that was dropped and not told of. */
  droppedFrom: number | null;
}

/** What is the same for all readers of a project. */
interface ProjectFrame {
  readonly figures: Figures;
  /** All behind the sequence number, for those who want all. */
  readonly whole: string;
  readonly parts: string;
}

export function createMetricsSocket(options: MetricsSocketOptions): MetricsSocket {
  const { live, clock, timers, log } = options;
  const readers = new Set<Reader>();
  const revisions = new Revisions();
  let last = live.watermark;
  let stopTicks = (): void => {};

  function open(socket: WebSocket, principal: Principal): Reader {
    const reader: Reader = {
      socket,
      project: principal.project,
      selection: null,
      seq: 0,
      droppedFrom: null,
    };
    sendFrame(socket, {
      type: 'snapshot',
      seq: 0,
      timestamp: new Date(last).toISOString(),
      metrics: figuresAt(live, reader.project, last),
      seconds: secondsBefore(live, reader.project, last),
    });
    readers.add(reader);
    socket.once('close', () => readers.delete(reader));
    return reader;
  }

  function onFrame(reader: Reader, frame: object, ref: string | undefined): void {
    if (!clientFrame.Check(frame)) {
      const [error] = clientFrame.Errors(frame);
      const field = error?.instancePath.slice(1).replaceAll('/', '.') ?? '';
      throw validationError([
        {
          field,
          message: 'A frame must be auth, subscribe with metrics, or ping',
          allowed_values: frameTypes,
        },
      ]);
    }
    if (frame.type === 'ping')
      sendFrame(reader.socket, {
        type: 'pong',
        timestamp: new Date(clock.now()).toISOString(),
        ...withRef(ref),
      });
    else if (frame.type === 'subscribe') {
      reader.selection = frame.metrics.length === 0 ? null : new Set(frame.metrics);
      sendFrame(reader.socket, { type: 'subscribed', metrics: frame.metrics, ...withRef(ref) });
    }
  }

  function onTick(watermark: number, revised: RevisedSeconds): void {
    revisions.add(revised, new Set([...readers].map(({ project }) => project)));
    const skipped = Math.max(0, (watermark - last) / second - mostAtOnce);
    if (skipped > 0) {
      for (const reader of readers) {
        reader.droppedFrom ??= reader.seq + 1;
        reader.seq += skipped;
      }
    }
    for (let end = last + (skipped + 1) * second; end <= watermark; end += second) tell(end);
    last = watermark;
  }

  function tell(end: number): void {
    const frames = new Map<string, ProjectFrame>();
    for (const reader of readers) {
      reader.seq += 1;
      const { socket, seq, selection } = reader;
      if (socket.readyState !== socket.OPEN) continue;
      if (socket.bufferedAmount > mostUnread) {
        reader.droppedFrom ??= seq;
        options.onDropped();
        continue;
      }
      let frame = frames.get(reader.project);
      if (frame === undefined) {
        frame = frameAt(reader.project, end);
        frames.set(reader.project, frame);
      }
      if (reader.droppedFrom !== null) {
        sendFrame(socket, { type: 'gap', from_seq: reader.droppedFrom, to_seq: seq - 1 });
        reader.droppedFrom = null;
      }
      const rest =
        selection === null
          ? frame.whole
          : `"metrics":${JSON.stringify(select(frame.figures, selection))},${frame.parts}`;
      socket.send(`{"type":"metrics","seq":${seq},"timestamp":"${new Date(end).toISOString()}",${rest}}`);
    }
  }

  function frameAt(project: string, end: number): ProjectFrame {
    const figures = figuresAt(live, project, end);
    const revised = revisions.take(project, end).map((at) => secondAt(live, project, at));
    const parts =
      `"by":${JSON.stringify(partsAt(live, project, end))}` +
      (revised.length === 0 ? '' : `,"revised":${JSON.stringify(revised)}`);
    return { figures, parts, whole: `"metrics":${JSON.stringify(figures)},${parts}` };
  }

  return {
    mounted: {
      path: metricsSocket.path,
      summary: metricsSocket.summary,
      contract: metricsSocket,
      maxFrameBytes,
      permission: metricsSocket.permission,
      connect(socket, context) {
        let reader: Reader | null = null;
        openAuthenticated(socket, context, {
          permission: metricsSocket.permission,
          timers,
          log,
          onOpen: (principal) => {
            reader = open(socket, principal);
          },
          onFrame: (frame, ref) => {
            if (reader !== null) onFrame(reader, frame, ref);
          },
        });
      },
    },
    get readers() {
      return readers.size;
    },
    start() {
      last = live.watermark;
      stopTicks = live.onTick(onTick);
    },
    stop() {
      stopTicks();
    },
  };
}

const frameTypes = ['auth', 'subscribe', 'ping'];
