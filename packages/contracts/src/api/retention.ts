import Type from 'typebox';
import { defineRoute, Envelope } from './route.ts';

const Days = (description: string) =>
  Type.Union([Type.Integer({ minimum: 1 }), Type.Null()], { description: `${description} Null for ever.` });
const Time = (description: string) =>
  Type.Union([Type.String({ format: 'date-time' }), Type.Null()], { description });

export const RetentionReport = Type.Object(
  {
    days: Days('How many days events are kept, by their timestamp.'),
    days_by_type: Type.Record(Type.String(), Days('Days of these.'), {
      description: 'By type or `prefix.*`, in place of `days`; the longest name that fits counts.',
    }),
    audit_days: Days('How many days entries of the audit log are kept.'),
    last_run_at: Time('When it was last looked for old events; null when it never was.'),
    removed: Type.Object({
      events: Type.Integer({ minimum: 0, description: 'Events of all projects that were ever removed.' }),
      last_events: Type.Integer({ minimum: 0, description: 'Those of the last removal.' }),
      last_at: Time('When that was; null when there was none.'),
    }),
  },
  { $id: 'RetentionReport' },
);
export type RetentionReport = Type.Static<typeof RetentionReport>;

export const readRetention = defineRoute({
  method: 'GET',
  path: '/retention',
  operationId: 'readRetention',
  summary: 'How long events are kept, and what was removed',
  description: 'Set in the configuration, under `storage.retention_days`; read only.',
  tag: 'Storage',
  permission: 'events:read',
  responses: { 200: { description: 'As it is now.', schema: Envelope(RetentionReport) } },
});
