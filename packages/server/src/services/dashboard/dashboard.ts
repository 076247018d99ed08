import type { ServiceName } from '@streamflow/contracts';
import { dashboardHome } from '@streamflow/contracts';
import type { Clock } from '../../domain/clock.ts';
import { unavailable } from '../../domain/errors.ts';
import type { Bus } from '../../engines/bus/port.ts';
import type { EventStore } from '../../engines/event-store/port.ts';
import type { RecordStore } from '../../engines/record-store/port.ts';
import type { MountedRoute, Service } from '../../http/service.ts';
import { historicalMetricsRoute } from './historical-metrics.ts';
import { createProxy } from './proxy.ts';
import { createSite, type SiteFile } from './site.ts';

export interface DashboardOptions {
  readonly bus: Pick<Bus, 'ping'>;
  readonly records: Pick<RecordStore, 'ping'>;
  readonly events: Pick<EventStore, 'history' | 'ping'>;
  readonly clock: Clock;
  /** Base URL of a service, without a slash at the end; asked for each request. */
  readonly urlOf: (service: ServiceName) => string;
  /** The built pages by their paths, `/index.html` among them. */
  readonly files: ReadonlyMap<string, SiteFile>;
  /** Routes of others that this service answers: users and keys. */
  readonly routes?: readonly MountedRoute[];
}

/** The dashboard service: its pages, figures for its charts, the way to the other services, and the routes it is given. */
export function createDashboard(options: DashboardOptions): Service {
  const { bus, records, events, clock } = options;
  const site = createSite(options.files);
  const home: MountedRoute = {
    contract: dashboardHome,
    handle({ request, reply }) {
      if (!site.answer(request, reply))
        throw unavailable('The pages of the dashboard are not built; `npm run build` makes them', 60);
      return reply;
    },
  };
  return {
    name: 'dashboard',
    routes: [home, historicalMetricsRoute({ events, clock }), ...(options.routes ?? [])],
    sockets: [],
    forwarder: createProxy({ urlOf: options.urlOf }),
    site,
    checks: {
      database: () => records.ping(),
      event_store: () => events.ping(),
      message_broker: () => bus.ping(),
    },
    essentialChecks: ['database'],
    figures: {},
    start: async () => {},
    stop: async () => {},
  };
}
