import Type from 'typebox';
import { Explanation } from '../model/alert.ts';
import { AlertLevel } from '../model/alert-rule.ts';

const Time = (description: string) => Type.String({ format: 'date-time', description });

/** What webhooks of the form `streamflow` are posted, and what every other channel makes its text of. */
export const AlertNotification = Type.Object(
  {
    id: Type.String({
      format: 'uuid',
      description: 'The same at every try: a receiver that has seen it may drop it.',
    }),
    kind: Type.Enum(['firing', 'escalated', 'resolved', 'test']),
    at: Time('When the change happened that it tells of.'),
    rule: Type.Object({
      id: Type.String({ format: 'uuid' }),
      name: Type.String(),
      description: Type.Union([Type.String(), Type.Null()]),
      tags: Type.Array(Type.String()),
    }),
    level: AlertLevel,
    alerts: Type.Array(
      Type.Object({
        id: Type.String({ format: 'uuid' }),
        group: Type.Record(Type.String(), Type.String()),
        fired_at: Time('When it began to fire.'),
        resolved_at: Type.Union([Time('When it was over.'), Type.Null()]),
        explanation: Explanation,
        link: Type.Union([Type.String(), Type.Null()], {
          description: 'Opens the events concerned; null unless `alerting.public_url` is set.',
        }),
      }),
      { description: 'The groups of the rule of which the same is told.' },
    ),
    link: Type.Union([Type.String(), Type.Null()], {
      description: 'Opens the alerts; null unless `alerting.public_url` is set.',
    }),
  },
  { $id: 'AlertNotification' },
);
export type AlertNotification = Type.Static<typeof AlertNotification>;
