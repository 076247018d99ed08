import {
  alertRoutes,
  alertsSocket,
  apiKeyRoutes,
  authRoutes,
  channelRoutes,
  dashboardRoutes,
  deadLetterRoutes,
  ingestionRoutes,
  ingestionSocket,
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
  analytics: { routes: authRoutes, sockets: [] },
  alerting: {
    routes: [...ruleRoutes, ...alertRoutes, ...channelRoutes, ...silenceRoutes, ...authRoutes],
    sockets: [{ path: alertsSocket.path, summary: alertsSocket.summary, contract: alertsSocket }],
  },
  dashboard: { routes: [...dashboardRoutes, ...userRoutes, ...apiKeyRoutes, ...authRoutes], sockets: [] },
  storage: { routes: [...storageRoutes, ...deadLetterRoutes, ...authRoutes], sockets: [] },
};
