import Type from 'typebox';
import { Alert, AlertDetail, AlertStatus } from '../model/alert.ts';
import { AlertLevel } from '../model/alert-rule.ts';
import { Silence } from '../model/silence.ts';
import { AuthFrame, ErrorFrame, PingFrame, PongFrame } from './ingestion-socket.ts';
import { defineRoute, defineSocket, Envelope, Page } from './route.ts';

const tag = 'Alerting';

export const AlertParams = Type.Object({
  id: Type.String({ format: 'uuid', description: 'Id of the alert.' }),
});
export type AlertParams = Type.Static<typeof AlertParams>;

const range = {
  start: Type.Optional(Type.String({ format: 'date-time', description: 'Fired then or later.' })),
  end: Type.Optional(Type.String({ format: 'date-time', description: 'Fired before that.' })),
};

export const ListAlertsQuery = Type.Object(
  {
    page: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, default: 1 })),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'Page size.' }),
    ),
    status: Type.Optional(AlertStatus),
    level: Type.Optional(AlertLevel),
    rule: Type.Optional(Type.String({ format: 'uuid', description: 'Id of a rule.' })),
    ...range,
  },
  { additionalProperties: false },
);
export type ListAlertsQuery = Type.Static<typeof ListAlertsQuery>;

export const AlertStatsQuery = Type.Object(range, { additionalProperties: false });
export type AlertStatsQuery = Type.Static<typeof AlertStatsQuery>;

const Comment = Type.String({ maxLength: 1000, description: 'Why; kept in the timeline.' });

export const AlertCommentBody = Type.Object(
  { comment: Type.Optional(Comment) },
  { additionalProperties: false, $id: 'AlertCommentBody' },
);
export type AlertCommentBody = Type.Static<typeof AlertCommentBody>;

export const SilenceAlertBody = Type.Object(
  {
    minutes: Type.Integer({ minimum: 1, maximum: 43_200, description: 'For how long from now.' }),
    comment: Type.Optional(Comment),
  },
  { additionalProperties: false, $id: 'SilenceAlertBody' },
);
export type SilenceAlertBody = Type.Static<typeof SilenceAlertBody>;

const Counts = (of: string) =>
  Type.Record(Type.String(), Type.Integer({ minimum: 0 }), { description: `Alerts by ${of}.` });
const MeanSeconds = (of: string) =>
  Type.Union([Type.Number({ minimum: 0 }), Type.Null()], {
    description: `Mean time ${of}; null without any.`,
  });

export const AlertStats = Type.Object(
  {
    total: Type.Integer({ minimum: 0 }),
    by_status: Counts('status'),
    by_level: Counts('level'),
    by_rule: Counts('name of the rule'),
    acknowledged_after_seconds: MeanSeconds('from firing to acknowledgement'),
    resolved_after_seconds: MeanSeconds('from firing to the end'),
    notifications: Type.Object(
      {
        pending: Type.Integer({ minimum: 0 }),
        delivered: Type.Integer({ minimum: 0 }),
        failed: Type.Integer({ minimum: 0, description: 'Given up on.' }),
      },
      { description: 'Of all times.' },
    ),
  },
  { $id: 'AlertStats' },
);
export type AlertStats = Type.Static<typeof AlertStats>;

const alert = { 200: { description: 'The alert.', schema: Envelope(AlertDetail) } };

export const listAlerts = defineRoute({
  method: 'GET',
  path: '/alerts',
  operationId: 'listAlerts',
  summary: 'List alerts',
  description: 'Those that fired last first.',
  tag,
  permission: 'alerts:read',
  query: ListAlertsQuery,
  responses: { 200: { description: 'Alerts.', schema: Page(Alert) } },
});

export const alertStats = defineRoute({
  method: 'GET',
  path: '/alerts/stats',
  operationId: 'alertStats',
  summary: 'Count alerts',
  description: 'Of all alerts that fired in the time given, or ever.',
  tag,
  permission: 'alerts:read',
  query: AlertStatsQuery,
  responses: { 200: { description: 'Counts.', schema: Envelope(AlertStats) } },
});

export const getAlert = defineRoute({
  method: 'GET',
  path: '/alerts/:id',
  operationId: 'getAlert',
  summary: 'Get an alert with its timeline',
  tag,
  permission: 'alerts:read',
  params: AlertParams,
  responses: alert,
});

export const acknowledgeAlert = defineRoute({
  method: 'POST',
  path: '/alerts/:id/acknowledge',
  operationId: 'acknowledgeAlert',
  summary: 'Take an alert on',
  description: 'It does not escalate. Acknowledging again changes nothing. 409 when it is resolved.',
  tag,
  permission: 'alerts:write',
  params: AlertParams,
  body: AlertCommentBody,
  responses: alert,
});

export const resolveAlert = defineRoute({
  method: 'POST',
  path: '/alerts/:id/resolve',
  operationId: 'resolveAlert',
  summary: 'Resolve an alert',
  description:
    'Those who were told of it are told. It does not fire again before its condition has been seen not to hold. 409 when it is resolved.',
  tag,
  permission: 'alerts:write',
  params: AlertParams,
  body: AlertCommentBody,
  responses: alert,
});

export const silenceAlert = defineRoute({
  method: 'POST',
  path: '/alerts/:id/silence',
  operationId: 'silenceAlert',
  summary: 'Silence the rule and group of an alert',
  tag,
  permission: 'alerts:write',
  params: AlertParams,
  body: SilenceAlertBody,
  responses: { 201: { description: 'The silence.', schema: Envelope(Silence) } },
});

export const alertRoutes = [
  listAlerts,
  alertStats,
  getAlert,
  acknowledgeAlert,
  resolveAlert,
  silenceAlert,
] as const;

/* Frames of `WS /ws/alerts`, JSON text. */

export const AlertsClientFrame = Type.Union([AuthFrame, PingFrame], { $id: 'AlertsClientFrame' });
export type AlertsClientFrame = Type.Static<typeof AlertsClientFrame>;

export const AlertsReadyFrame = Type.Object(
  {
    type: Type.Literal('ready'),
    alerts: Type.Array(Alert, { description: 'Those that fire now, the last 100.' }),
  },
  { $id: 'AlertsReadyFrame', description: 'The first frame.' },
);
export const AlertFrame = Type.Object(
  {
    type: Type.Literal('alert'),
    event: Type.Enum(['firing', 'acknowledged', 'escalated', 'resolved']),
    alert: Alert,
  },
  { $id: 'AlertFrame', description: 'Something happened to an alert.' },
);
export type AlertFrame = Type.Static<typeof AlertFrame>;

export const AlertsServerFrame = Type.Union([AlertsReadyFrame, AlertFrame, ErrorFrame, PongFrame], {
  $id: 'AlertsServerFrame',
});
export type AlertsServerFrame = Type.Static<typeof AlertsServerFrame>;

export const alertsSocket = defineSocket({
  path: '/ws/alerts',
  operationId: 'openAlertsSocket',
  summary: 'Alerts over a WebSocket',
  description:
    'A `ready` frame with the open alerts, then an `alert` frame when something happens to one. Without credentials in the handshake the first frame is `auth`, within 5 seconds and of at most 4 KB.',
  tag,
  permission: 'alerts:read',
  clientFrame: AlertsClientFrame,
  serverFrame: AlertsServerFrame,
});
