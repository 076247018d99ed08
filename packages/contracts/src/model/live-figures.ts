import Type from 'typebox';

/** Figures that are computed from live metrics: name, unit and meaning, in the order in which they are shown. */
export const liveFigures = {
  events_per_second: { unit: 'events/s', description: 'Events a second, the mean over the window.' },
  active_users: {
    unit: 'users',
    description: 'Distinct `user_id` of the last five minutes, within 2 %, whatever the window.',
  },
  error_rate: {
    unit: 'ratio',
    description: 'Share of errors among all events of the window, 0 to 1; 0 without events.',
  },
  response_time_avg: {
    unit: 'seconds',
    description: 'Mean response time of the window; null without any.',
  },
  events_total: { unit: 'events', description: 'Events of the window.' },
  error_count: {
    unit: 'events',
    description:
      'Errors of the window: events of type `error`, and `api.response` with a status of 500 or above.',
  },
  active_sessions: {
    unit: 'sessions',
    description: 'Distinct `session_id` of the last five minutes, within 2 %, whatever the window.',
  },
  response_time_p50: { unit: 'seconds', description: 'Median response time, within 1 %.' },
  response_time_p95: { unit: 'seconds', description: '95 % of response times are below, within 1 %.' },
  response_time_p99: { unit: 'seconds', description: '99 % of response times are below, within 1 %.' },
} as const;

export type LiveFigureName = keyof typeof liveFigures;
export const liveFigureNames = Object.keys(liveFigures) as LiveFigureName[];

const Count = (name: LiveFigureName) =>
  Type.Integer({ minimum: 0, description: liveFigures[name].description });
const Seconds = (name: LiveFigureName) =>
  Type.Union([Type.Number({ minimum: 0 }), Type.Null()], {
    description: `${liveFigures[name].description} Seconds.`,
  });

/** All figures of a window. */
export const LiveFigures = Type.Object(
  {
    events_per_second: Type.Number({
      minimum: 0,
      description: liveFigures.events_per_second.description,
    }),
    active_users: Count('active_users'),
    error_rate: Type.Number({ minimum: 0, maximum: 1, description: liveFigures.error_rate.description }),
    response_time_avg: Seconds('response_time_avg'),
    events_total: Count('events_total'),
    error_count: Count('error_count'),
    active_sessions: Count('active_sessions'),
    response_time_p50: Seconds('response_time_p50'),
    response_time_p95: Seconds('response_time_p95'),
    response_time_p99: Seconds('response_time_p99'),
  },
  { $id: 'LiveFigures' },
);
export type LiveFigures = Type.Static<typeof LiveFigures>;
