import { historicalMetrics, metricSeries, topValues } from './metrics.ts';
import { defineRoute } from './route.ts';

const tag = 'Dashboard';

export const dashboardHome = defineRoute({
  method: 'GET',
  path: '/',
  operationId: 'dashboardHome',
  summary: 'Start page',
  description: 'What runs where, and how to send the first event; for a browser.',
  tag,
  permission: 'public',
  responses: { 200: { description: 'A page.', contentType: 'text/html' } },
});

export const dashboardRoutes = [dashboardHome, historicalMetrics, metricSeries, topValues] as const;
