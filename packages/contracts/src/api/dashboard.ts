import { defineRoute } from './route.ts';

export const dashboardHome = defineRoute({
  method: 'GET',
  path: '/',
  operationId: 'dashboardHome',
  summary: 'Start page',
  description: 'What runs where, and how to send the first event; for a browser.',
  tag: 'Dashboard',
  permission: 'public',
  responses: { 200: { description: 'A page.', contentType: 'text/html' } },
});

export const dashboardRoutes = [dashboardHome] as const;
