import Type from 'typebox';
import { defineRoute, Envelope } from './route.ts';

const Time = (description: string) => Type.String({ format: 'date-time', description });
const Count = (description: string) => Type.Integer({ minimum: 0, description });

export const AnalyticsWorker = Type.Object(
  {
    worker: Type.String(),
    watermark: Time('It has folded the events of the seconds before, as far as it knows.'),
    lag_seconds: Type.Number({
      minimum: 0,
      description: 'Age of the events that it takes now, from their receipt; 0 when it has caught up.',
    }),
    seen_at: Time('When it was heard of last; workers that are not heard of for ten seconds are left out.'),
    events: Count('Events folded since it started.'),
    late_events: Count('Events that came after the allowed lateness: in history only.'),
    tag_overflow: Count('Events whose tags were beyond the cap of a metric.'),
    unusable_metrics: Count('Events of type `metric` without a usable measurement.'),
    unmeasured: Count('Events for which an expression of a definition had no value.'),
  },
  { $id: 'AnalyticsWorker' },
);

export const AnalyticsWindow = Type.Object(
  {
    start: Time('Included.'),
    end: Time('Not included.'),
    state: Type.Enum(['open', 'closed', 'final'], {
      description:
        'open: still filling; closed: provisional, late events may come; final: past the allowed lateness and the same as the stored events.',
    }),
    events_total: Count('Events of the window, caller’s project.'),
    late_events: Count(
      'Events, of all projects, that came during this minute and after the allowed lateness; as far as the process that answers has heard since it started.',
    ),
  },
  { $id: 'AnalyticsWindow' },
);

export const AnalyticsWindows = Type.Object(
  {
    watermark: Time('Windows that end before are closed.'),
    allowed_lateness_seconds: Count('How much later than the watermark an event still counts.'),
    workers: Type.Array(AnalyticsWorker),
    windows: Type.Array(AnalyticsWindow, { description: 'Minutes, oldest first.' }),
  },
  { $id: 'AnalyticsWindows' },
);
export type AnalyticsWindows = Type.Static<typeof AnalyticsWindows>;

export const AnalyticsWindowsQuery = Type.Object(
  {
    minutes: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 60, default: 10, description: 'How many windows.' }),
    ),
  },
  { additionalProperties: false },
);
export type AnalyticsWindowsQuery = Type.Static<typeof AnalyticsWindowsQuery>;

export const analyticsWindows = defineRoute({
  method: 'GET',
  path: '/analytics/windows',
  operationId: 'analyticsWindows',
  summary: 'Windows and their state, workers and their lag',
  tag: 'Analytics',
  permission: 'metrics:read',
  query: AnalyticsWindowsQuery,
  responses: { 200: { description: 'As it is now.', schema: Envelope(AnalyticsWindows) } },
});
