import Type from 'typebox';
import { AlertLevel } from './alert-rule.ts';

const Time = (description: string) => Type.String({ format: 'date-time', description });
const TimeOrNull = (description: string) => Type.Union([Time(description), Type.Null()]);

export const alertStatuses = ['firing', 'acknowledged', 'resolved'] as const;
export const AlertStatus = Type.Enum([...alertStatuses], {
  description: 'acknowledged: it fires, and somebody has taken it on.',
});
export type AlertStatus = Type.Static<typeof AlertStatus>;

/** One group, and what it added to what was measured. */
export const Contribution = Type.Object({
  group: Type.Record(Type.String(), Type.String(), { description: 'Values by tag.' }),
  value: Type.Number({ description: 'In the window.' }),
  before: Type.Number({ description: 'In the window before that.' }),
});
export type Contribution = Type.Static<typeof Contribution>;

export const Explanation = Type.Object(
  {
    value: Type.Union([Type.Number(), Type.Null()], {
      description: 'The first figure of the condition when it fired; null without values.',
    }),
    threshold: Type.Number(),
    condition: Type.String(),
    window: Type.Object({
      start: Time('Of the measured window, included.'),
      end: Time('Not included.'),
    }),
    contributors: Type.Array(Contribution, {
      maxItems: 5,
      description: 'The groups whose count rose most against the window before.',
    }),
    events_query: Type.String({
      description: 'Query of `GET /events` that opens the events concerned.',
      examples: ['start=2023-12-01T11:55:00.000Z&end=2023-12-01T12:00:00.000Z&type=error'],
    }),
  },
  { $id: 'AlertExplanation', description: 'Why it fired.' },
);
export type Explanation = Type.Static<typeof Explanation>;

export const TimelineEntry = Type.Object(
  {
    at: Time('When.'),
    what: Type.Enum([
      'firing',
      'notified',
      'acknowledged',
      'silenced',
      'escalated',
      'resolved',
      'delivered',
      'delivery_failed',
    ]),
    by: Type.Union([Type.String(), Type.Null()], { description: 'Who did it; null for StreamFlow.' }),
    comment: Type.Union([Type.String(), Type.Null()]),
  },
  { $id: 'TimelineEntry' },
);
export type TimelineEntry = Type.Static<typeof TimelineEntry>;

export const alertFields = {
  rule_id: Type.String({ format: 'uuid' }),
  rule_name: Type.String(),
  description: Type.Union([Type.String(), Type.Null()]),
  level: AlertLevel,
  status: AlertStatus,
  group: Type.Record(Type.String(), Type.String(), {
    description: 'Values by tag of `group_by`; empty when the rule has none.',
  }),
  tags: Type.Array(Type.String()),
  fired_at: Time('When it began to fire.'),
  notified_at: TimeOrNull('When it was told; null while it is silenced or suppressed.'),
  acknowledged_at: TimeOrNull('When somebody took it on.'),
  acknowledged_by: Type.Union([Type.String(), Type.Null()]),
  escalated_at: TimeOrNull('When it was told at the next level.'),
  resolved_at: TimeOrNull('When it was over.'),
  explanation: Explanation,
};

export const Alert = Type.Object(
  { id: Type.String({ format: 'uuid' }), ...alertFields },
  { $id: 'Alert', description: 'A rule that fires, or fired, for one group.' },
);
export type Alert = Type.Static<typeof Alert>;

export const AlertDetail = Type.Object(
  {
    ...Alert.properties,
    timeline: Type.Array(TimelineEntry, { description: 'Oldest first.' }),
  },
  { $id: 'AlertDetail' },
);
export type AlertDetail = Type.Static<typeof AlertDetail>;
