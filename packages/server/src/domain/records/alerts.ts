import { alertFields, alertLevels, alertStatuses, TimelineEntry } from '@streamflow/contracts';
import Type from 'typebox';
import { defineRecordKind, type Stored } from './record-kind.ts';

const Time = Type.Integer();
const TimeOrNull = Type.Union([Time, Type.Null()]);

const AlertRecordFields = Type.Object({
  rule_id: Type.String(),
  level: Type.Enum([...alertLevels]),
  status: Type.Enum([...alertStatuses]),
  /** Milliseconds since the epoch. */
  fired_at: Time,
  /** Ids of the channels that were told of it, and are told of its end. */
  told_channels: Type.Array(Type.String()),
  /** The alert as it is shown, with its timeline. */
  body: Type.Object({ ...alertFields, timeline: Type.Array(TimelineEntry) }),
});
export type AlertFields = Type.Static<typeof AlertRecordFields>;
export type AlertRecord = Stored<AlertFields>;
export type AlertBody = AlertRecord['body'];

export const alerts = defineRecordKind(AlertRecordFields, {
  name: 'alerts',
  columns: {
    rule_id: 'text',
    level: 'text',
    status: 'text',
    fired_at: 'integer',
    told_channels: 'json',
    body: 'json',
  },
  unique: [],
  filters: ['rule_id', 'level', 'status'],
  orders: ['fired_at'],
  unversioned: [],
});

const AlertStateFields = Type.Object({
  rule_id: Type.String(),
  /** JSON list of the values of the rule's `group_by`. */
  group_key: Type.String(),
  /** domain/alert-rules/group-state. */
  state: Type.Object({
    phase: Type.Enum(['ok', 'pending', 'firing']),
    since: Time,
    alert: Type.Union([
      Type.Object({
        id: Type.String(),
        firedAt: Time,
        notifiedAt: TimeOrNull,
        acknowledgedAt: TimeOrNull,
        escalatedAt: TimeOrNull,
        clearSince: TimeOrNull,
      }),
      Type.Null(),
    ]),
    lastNotifiedAt: TimeOrNull,
    waitsForClear: Type.Boolean(),
  }),
});

/** What the evaluator remembers of a group that does not rest; the id is of its rule and its key. */
export const alertStates = defineRecordKind(AlertStateFields, {
  name: 'alert_states',
  columns: { rule_id: 'text', group_key: 'text', state: 'json' },
  unique: [],
  filters: ['rule_id'],
  orders: [],
  unversioned: [],
});

const AlertNotificationFields = Type.Object({
  channel_id: Type.String(),
  kind: Type.Enum(['firing', 'escalated', 'resolved']),
  status: Type.Enum(['pending', 'delivered', 'failed']),
  alert_ids: Type.Array(Type.String()),
  /** What is told; the same at every try. */
  message: Type.Record(Type.String(), Type.Unknown()),
  attempts: Type.Integer({ minimum: 0 }),
  last_error: Type.Union([Type.String(), Type.Null()]),
  /** Milliseconds since the epoch; null while it is pending. */
  finished_at: TimeOrNull,
});
export type AlertNotificationRecord = Stored<Type.Static<typeof AlertNotificationFields>>;

/** The outbox: one message to one channel, written with the change that it tells of. */
export const alertNotifications = defineRecordKind(AlertNotificationFields, {
  name: 'alert_notifications',
  columns: {
    channel_id: 'text',
    kind: 'text',
    status: 'text',
    alert_ids: 'json',
    message: 'json',
    attempts: 'integer',
    last_error: 'text',
    finished_at: 'integer',
  },
  unique: [],
  filters: ['status', 'channel_id'],
  orders: [],
  unversioned: [],
});

const AlertCommandFields = Type.Object({
  command: Type.Enum(['acknowledge', 'resolve']),
  alert_id: Type.String(),
});

/** What people did to alerts and the evaluator has not heard of yet. */
export const alertCommands = defineRecordKind(AlertCommandFields, {
  name: 'alert_commands',
  columns: { command: 'text', alert_id: 'text' },
  unique: [],
  filters: [],
  orders: [],
  unversioned: [],
});

const LeaseFields = Type.Object({
  /** Who holds it: a run of a process; null when it was given back. */
  holder: Type.Union([Type.String(), Type.Null()]),
  /** One more with each holder. */
  epoch: Type.Integer({ minimum: 1 }),
});

/** The right to be the only one that does something; the id says what. */
export const leases = defineRecordKind(LeaseFields, {
  name: 'leases',
  columns: { holder: 'text', epoch: 'integer' },
  unique: [],
  filters: [],
  orders: [],
  unversioned: [],
});
