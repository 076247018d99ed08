import {
  alertRoutes,
  alertsSocket,
  analyticsRoutes,
  analyticsWindows,
  apiKeyRoutes,
  authRoutes,
  channelRoutes,
  dashboardRoutes,
  deadLetterRoutes,
  eventTailSocket,
  ingestionRoutes,
  ingestionSocket,
  listAudit,
  liveMetricsRoutes,
  metricDefinitionRoutes,
  metricsSocket,
  type RouteContract,
  ruleRoutes,
  type ServiceName,
  silenceRoutes,
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
  analytics: {
    routes: [...analyticsRoutes, ...metricDefinitionRoutes, analyticsWindows, ...authRoutes],
    sockets: [],
  },
  dashboard: {
    routes: [
      ...dashboardRoutes,
      ...liveMetricsRoutes,
      ...userRoutes,
      ...apiKeyRoutes,
      listAudit,
      ...authRoutes,
    ],
    sockets: [metricsSocket, eventTailSocket].map((contract) => ({
      path: contract.path,
      summary: contract.summary,
      contract,
    })),
  },
  alerting: {
    routes: [...ruleRoutes, ...alertRoutes, ...channelRoutes, ...silenceRoutes, ...authRoutes],
    sockets: [{ path: alertsSocket.path, summary: alertsSocket.summary, contract: alertsSocket }],
  },
  storage: { routes: [...storageRoutes, ...deadLetterRoutes, ...authRoutes], sockets: [] },
};
