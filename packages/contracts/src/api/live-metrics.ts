import Type from 'typebox';
import { LiveFigures, liveFigureNames } from '../model/live-figures.ts';
import { MetricName } from '../model/metric.ts';
import { AuthFrame, ErrorFrame, PingFrame, PongFrame } from './ingestion-socket.ts';
import { defineRoute, defineSocket } from './route.ts';

const tag = 'Dashboard';

export const RealtimeMetricsQuery = Type.Object(
  {
    window: Type.Optional(
      Type.String({
        pattern: '^[1-9][0-9]{0,4}[smh]$',
        default: '1m',
        description: 'The time before now that the figures are of, from `1s` to `24h`.',
      }),
    ),
  },
  { additionalProperties: false },
);
export type RealtimeMetricsQuery = Type.Static<typeof RealtimeMetricsQuery>;

/** The built-in figures, and by their names the metrics that users defined or sent. */
export const RealtimeFigures = Type.Object(LiveFigures.properties, {
  additionalProperties: Type.Union([Type.Number(), Type.Null()]),
  description:
    'The built-in figures first. Then user-defined metrics and those sent as events of type `metric`: the sum of a ' +
    'counter, the last value of a gauge, the mean of a histogram or timer; null without values in the window.',
});

export const RealtimeMetrics = Type.Object(
  {
    metrics: RealtimeFigures,
    timestamp: Type.String({
      format: 'date-time',
      description: 'End of the window, a whole second, not included.',
    }),
    window: Type.String({ description: 'Its length, as it was asked for.' }),
  },
  { $id: 'RealtimeMetrics' },
);
export type RealtimeMetrics = Type.Static<typeof RealtimeMetrics>;

export const realtimeMetrics = defineRoute({
  method: 'GET',
  path: '/metrics/realtime',
  operationId: 'realtimeMetrics',
  summary: 'Get real-time metrics',
  description:
    'Figures of the last seconds by event time. Provisional for at most a minute, then those of the stored events.',
  tag,
  permission: 'metrics:read',
  query: RealtimeMetricsQuery,
  responses: { 200: { description: 'The figures.', schema: RealtimeMetrics } },
});

/*
 * Frames of `WS /ws/metrics`, JSON text. A socket opened without credentials must send `auth` within 5 s, in frames of
 * at most 4 KB; no `ready` frame answers it, but the snapshot does.
 */

export const SubscribeFrame = Type.Object(
  {
    type: Type.Literal('subscribe'),
    metrics: Type.Array(Type.Union([Type.Enum([...liveFigureNames]), MetricName]), {
      maxItems: 200,
      uniqueItems: true,
      description: 'Names as in `/metrics/realtime`; an empty list has all again.',
    }),
    ref: Type.Optional(Type.String({ maxLength: 128, description: 'Echoed in the reply.' })),
  },
  {
    additionalProperties: false,
    $id: 'SubscribeFrame',
    description: 'Chooses what `metrics` of later frames has; answered by `subscribed`.',
  },
);

export const MetricsClientFrame = Type.Union([AuthFrame, SubscribeFrame, PingFrame], {
  $id: 'MetricsClientFrame',
});
export type MetricsClientFrame = Type.Static<typeof MetricsClientFrame>;

const Counts = (of: string) =>
  Type.Record(Type.String(), Type.Integer({ minimum: 0 }), { description: `Events by ${of}.` });

export const EventParts = Type.Object(
  {
    type: Counts('type'),
    source: Counts('source; beyond the cap in `__other__`'),
    severity: Counts('severity'),
  },
  { $id: 'EventParts', description: 'Events of one second in parts; each of the three adds up to all.' },
);
export type EventParts = Type.Static<typeof EventParts>;

const Sequence = Type.Integer({
  minimum: 0,
  description: 'One more with each second of the socket, those of dropped frames included.',
});
const Timestamp = Type.String({
  format: 'date-time',
  description: 'End of the second that the frame tells of, not included. Event time.',
});
const Figures = Type.Record(Type.String(), Type.Union([Type.Number(), Type.Null()]), {
  description:
    'By the names of `/metrics/realtime`, of a window of one second; `active_users` and `active_sessions` of five ' +
    'minutes. All of them, or those subscribed to.',
});

export const SnapshotSecond = Type.Object(
  {
    timestamp: Type.String({ format: 'date-time', description: 'Start of the second.' }),
    events_total: Type.Integer({ minimum: 0 }),
    error_count: Type.Integer({ minimum: 0 }),
    response_time_avg: Type.Union([Type.Number({ minimum: 0 }), Type.Null()]),
    by: EventParts,
  },
  { $id: 'SnapshotSecond' },
);
export type SnapshotSecond = Type.Static<typeof SnapshotSecond>;

export const SnapshotFrame = Type.Object(
  {
    type: Type.Literal('snapshot'),
    seq: Sequence,
    timestamp: Timestamp,
    metrics: Figures,
    seconds: Type.Array(SnapshotSecond, {
      description:
        'The five minutes before `timestamp`, oldest first, without the seconds in which nothing happened.',
    }),
  },
  { $id: 'SnapshotFrame', description: 'The first frame.' },
);
export const MetricsFrame = Type.Object(
  {
    type: Type.Literal('metrics'),
    seq: Sequence,
    timestamp: Timestamp,
    metrics: Figures,
    by: EventParts,
    revised: Type.Optional(
      Type.Array(SnapshotSecond, {
        maxItems: 30,
        description:
          'Seconds of the last five minutes that were told before and are not as they were, oldest first: events came ' +
          'late, or the stored events say otherwise. They replace what was told. With nothing left, the counts are 0.',
      }),
    ),
  },
  {
    $id: 'MetricsFrame',
    description:
      'One a second, as it was known then; what comes later for its second is in `revised` of a later one. What a dropped ' +
      'frame would have revised is in the next snapshot.',
  },
);
export const GapFrame = Type.Object(
  {
    type: Type.Literal('gap'),
    from_seq: Type.Integer({ minimum: 0, description: 'The first that was dropped.' }),
    to_seq: Type.Integer({ minimum: 0, description: 'The last that was dropped.' }),
  },
  { $id: 'GapFrame', description: 'Frames were dropped because they were not read in time.' },
);
const SubscribedFrame = Type.Object(
  {
    type: Type.Literal('subscribed'),
    metrics: Type.Array(Type.String()),
    ref: Type.Optional(Type.String()),
  },
  { $id: 'SubscribedFrame' },
);

export const MetricsServerFrame = Type.Union(
  [SnapshotFrame, MetricsFrame, GapFrame, SubscribedFrame, ErrorFrame, PongFrame],
  { $id: 'MetricsServerFrame' },
);
export type MetricsServerFrame = Type.Static<typeof MetricsServerFrame>;

export const metricsSocket = defineSocket({
  path: '/ws/metrics',
  operationId: 'openMetricsSocket',
  summary: 'Live metrics over a WebSocket',
  description:
    'A `snapshot` at once, then a `metrics` frame every second. Without credentials in the handshake the first frame ' +
    'is `auth`, within 5 seconds and of at most 4 KB. A reader that is too slow has frames dropped, which a `gap` tells.',
  tag,
  permission: 'metrics:read',
  query: Type.Object({
    token: Type.Optional(Type.String({ description: 'A JWT or an API key, where headers cannot be set.' })),
    api_key: Type.Optional(Type.String({ description: 'The same.' })),
  }),
  clientFrame: MetricsClientFrame,
  serverFrame: MetricsServerFrame,
});

export const liveMetricsRoutes = [realtimeMetrics] as const;
