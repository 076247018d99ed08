import Type from 'typebox';
import { historicalMetrics, metricSeries, topValues } from './metrics.ts';
import { defineRoute } from './route.ts';

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

export const dashboardRoutes = [dashboardHome, historicalMetrics, metricSeries, topValues] as const;
