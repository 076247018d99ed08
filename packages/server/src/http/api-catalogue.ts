import {
  analyticsRoutes,
  apiKeyRoutes,
  authRoutes,
  dashboardRoutes,
  deadLetterRoutes,
  eventTailSocket,
  ingestionRoutes,
  ingestionSocket,
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
  analytics: { routes: [...analyticsRoutes, ...authRoutes], sockets: [] },
  alerting: { routes: authRoutes, sockets: [] },
  dashboard: {
    routes: [...dashboardRoutes, ...userRoutes, ...apiKeyRoutes, ...authRoutes],
    sockets: [{ path: eventTailSocket.path, summary: eventTailSocket.summary, contract: eventTailSocket }],
  },
  storage: { routes: [...storageRoutes, ...deadLetterRoutes, ...authRoutes], sockets: [] },
};
