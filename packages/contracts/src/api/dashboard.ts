import Type from 'typebox';
import { defineRoute, Page } from './route.ts';

const tag = 'Dashboard';

export const dashboardHome = defineRoute({
  method: 'GET',
  path: '/',
  operationId: 'dashboardHome',
  summary: 'Web dashboard',
  description:
    'The pages of the dashboard, for a browser; they answer under every path that nothing else has.',
  tag,
  permission: 'public',
  // What the page shows: the pages' own, and no business of the server.
  query: Type.Object({}, { additionalProperties: true }),
  responses: { 200: { description: 'A page.', contentType: 'text/html' } },
});

export const HistoricalMetricsQuery = Type.Object(
  {
    start: Type.Optional(
      Type.String({
        format: 'date-time',
        description: 'Earliest event time, inclusive; RFC 3339. 24 hours before the end unless given.',
      }),
    ),
    end: Type.Optional(
      Type.String({
        format: 'date-time',
        description: 'Latest event time, exclusive; RFC 3339. Now unless given.',
      }),
    ),
    interval: Type.Optional(
      Type.String({
        pattern: '^[1-9][0-9]{0,5}[smhd]$',
        default: '1h',
        description: 'Length of a point, from `1m` to `30d`, aligned to the epoch in UTC.',
      }),
    ),
    page: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, default: 1 })),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10_000, default: 1000, description: 'Points a page.' }),
    ),
  },
  { additionalProperties: false },
);
export type HistoricalMetricsQuery = Type.Static<typeof HistoricalMetricsQuery>;

export const HistoricalMetrics = Type.Object(
  {
    timestamp: Type.String({ format: 'date-time', description: 'Start of the interval.' }),
    events_total: Type.Integer({ minimum: 0 }),
    unique_users: Type.Integer({ minimum: 0, description: 'Different values of `user_id`; exact.' }),
    error_count: Type.Integer({
      minimum: 0,
      description:
        'Events of type `error`, and of type `api.response` with `data.status` or `data.status_code` of 500 or above.',
    }),
  },
  { $id: 'HistoricalMetrics' },
);
export type HistoricalMetrics = Type.Static<typeof HistoricalMetrics>;

export const historicalMetrics = defineRoute({
  method: 'GET',
  path: '/metrics/historical',
  operationId: 'historicalMetrics',
  summary: 'Get historical data',
  description:
    'One point an interval, oldest first, also where nothing happened; from the stored events, exact.',
  tag,
  permission: 'metrics:read',
  query: HistoricalMetricsQuery,
  responses: { 200: { description: 'A page of points.', schema: Page(HistoricalMetrics) } },
});

export const dashboardRoutes = [dashboardHome, historicalMetrics] as const;
