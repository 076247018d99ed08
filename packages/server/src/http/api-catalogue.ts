import {
  analyticsWindows,
  apiKeyRoutes,
  authRoutes,
  dashboardRoutes,
  deadLetterRoutes,
  ingestionRoutes,
  ingestionSocket,
  liveMetricsRoutes,
  metricDefinitionRoutes,
  metricsSocket,
  type RouteContract,
  type ServiceName,
  storageRoutes,
  userRoutes,
} from '@streamflow/contracts';
import type { OpenApiOptions } from './openapi.ts';

/** What each service offers, in the order of its mounting: the source of the committed OpenAPI documents. */
export const apiCatalogue: Readonly<
  Record<
    ServiceName,
    { readonly routes: readonly RouteContract[]; readonly sockets: OpenApiOptions['sockets'] }
  >
> = {
  ingestion: {
    routes: [...ingestionRoutes, ...authRoutes],
    sockets: [{ path: ingestionSocket.path, summary: ingestionSocket.summary, contract: ingestionSocket }],
  },
  analytics: { routes: [...metricDefinitionRoutes, analyticsWindows, ...authRoutes], sockets: [] },
  alerting: { routes: authRoutes, sockets: [] },
  dashboard: {
    routes: [...dashboardRoutes, ...liveMetricsRoutes, ...userRoutes, ...apiKeyRoutes, ...authRoutes],
    sockets: [{ path: metricsSocket.path, summary: metricsSocket.summary, contract: metricsSocket }],
  },
  storage: { routes: [...storageRoutes, ...deadLetterRoutes, ...authRoutes], sockets: [] },
};
