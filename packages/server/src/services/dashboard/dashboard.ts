import type { ServiceName } from '@streamflow/contracts';
import { dashboardHome } from '@streamflow/contracts';
import type { Clock } from '../../domain/clock.ts';
import type { Log } from '../../domain/log.ts';
import type { LiveMetrics } from '../../domain/metrics/live-metrics.ts';
import type { Timers } from '../../domain/timers.ts';
import type { Bus } from '../../engines/bus/port.ts';
import type { EventStore } from '../../engines/event-store/port.ts';
import type { RecordStore } from '../../engines/record-store/port.ts';
import type { MountedRoute, Service } from '../../http/service.ts';
import { createEventTail } from './event-tail/event-tail.ts';
import { createEventTailSocket } from './event-tail/event-tail-socket.ts';
import { historicalMetricsRoute } from './historical-metrics.ts';
import { homePagePolicy, renderHomePage } from './home-page.ts';
import { metricSeriesRoute } from './metric-series.ts';
import { createMetricsSocket } from './metrics-socket.ts';
import { realtimeMetricsRoute } from './realtime-metrics.ts';
import { topValuesRoute } from './top-values.ts';

export interface DashboardOptions {
  readonly bus: Pick<Bus, 'ping'>;
  readonly records: Pick<RecordStore, 'ping'>;
  readonly events: Pick<EventStore, 'history' | 'aggregate' | 'list' | 'ping'>;
  readonly live: LiveMetrics;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly metrics: DashboardMetrics;
  readonly version: string;
  /** Port of each service. */
  readonly ports: Readonly<Record<ServiceName, number>>;
  /** Routes of others that this service answers: users and keys. */
  readonly routes?: readonly MountedRoute[];
}

/** What the dashboard reports for Prometheus. */
export interface DashboardMetrics {
  watchGauge(name: `streamflow_${string}`, help: string, value: () => number): void;
}

/** A host name, an IPv4 address, or an IPv6 address in brackets. */
const hostName = /^(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])$/;

/** The dashboard service: its start page, figures for its charts, and the routes that it is given. */
export function createDashboard(options: DashboardOptions): Service {
  const { bus, records, events, live, clock, timers, log, version, ports } = options;
  const tail = createEventTail({ events, clock, timers, log });
  let droppedFrames = 0;
  const metricsSocket = createMetricsSocket({ ...options, onDropped: () => (droppedFrames += 1) });
  options.metrics.watchGauge(
    'streamflow_dashboard_dropped_frames',
    'Frames of live metrics that slow readers did not get since the start.',
    () => droppedFrames,
  );
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
      realtimeMetricsRoute({ live }),
      ...(options.routes ?? []),
    ],
    sockets: [metricsSocket.mounted, createEventTailSocket({ tail, clock, timers, log })],
    checks: {
      database: () => records.ping(),
      event_store: () => events.ping(),
      message_broker: () => bus.ping(),
    },
    essentialChecks: ['database'],
    figures: { websocket_connections: () => metricsSocket.readers },
    start: async () => metricsSocket.start(),
    stop: async () => {
      tail.stop();
      metricsSocket.stop();
    },
  };
}
