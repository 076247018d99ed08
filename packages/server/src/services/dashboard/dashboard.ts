import type { ServiceName } from '@streamflow/contracts';
import { dashboardHome } from '@streamflow/contracts';
import type { Clock } from '../../domain/clock.ts';
import type { Log } from '../../domain/log.ts';
import { systemTimers, type Timers } from '../../domain/timers.ts';
import type { Bus } from '../../engines/bus/port.ts';
import type { EventStore } from '../../engines/event-store/port.ts';
import type { RecordStore } from '../../engines/record-store/port.ts';
import type { MountedRoute, Service } from '../../http/service.ts';
import { createEventTail } from './event-tail/event-tail.ts';
import { createEventTailSocket } from './event-tail/event-tail-socket.ts';
import { historicalMetricsRoute } from './historical-metrics.ts';
import { homePagePolicy, renderHomePage } from './home-page.ts';
import { metricSeriesRoute } from './metric-series.ts';
import { topValuesRoute } from './top-values.ts';

export interface DashboardOptions {
  readonly bus: Pick<Bus, 'ping'>;
  readonly records: Pick<RecordStore, 'ping'>;
  readonly events: Pick<EventStore, 'history' | 'aggregate' | 'list' | 'ping'>;
  readonly clock: Clock;
  readonly timers?: Timers;
  readonly log: Log;
  readonly version: string;
  /** Port of each service. */
  readonly ports: Readonly<Record<ServiceName, number>>;
  /** Routes of others that this service answers: users and keys. */
  readonly routes?: readonly MountedRoute[];
}

/** A host name, an IPv4 address, or an IPv6 address in brackets. */
const hostName = /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])$/;

/** The dashboard service: its start page, figures for its charts, and the routes that it is given. */
export function createDashboard(options: DashboardOptions): Service {
  const { bus, records, events, clock, log, version, ports, timers = systemTimers } = options;
  const tail = createEventTail({ events, clock, timers, log });
  const home: MountedRoute = {
    contract: dashboardHome,
    handle({ request, reply }) {
      // The other services are on the same host as this one, by whatever name the browser knows it.
      const host = hostName.test(request.hostname) ? request.hostname : 'localhost';
      const url = (service: ServiceName): string => `${request.protocol}://${host}:${ports[service]}`;
      reply.header('content-security-policy', homePagePolicy);
      reply.header('cache-control', 'no-store');
      return renderHomePage({ version, url });
    },
  };
  return {
    name: 'dashboard',
    routes: [
      home,
      historicalMetricsRoute({ events, clock }),
      metricSeriesRoute({ events, clock }),
      topValuesRoute({ events, clock }),
      ...(options.routes ?? []),
    ],
    sockets: [createEventTailSocket({ tail, clock, timers, log })],
    checks: {
      database: () => records.ping(),
      event_store: () => events.ping(),
      message_broker: () => bus.ping(),
    },
    essentialChecks: ['database'],
    figures: {},
    start: async () => {},
    stop: async () => tail.stop(),
  };
}
