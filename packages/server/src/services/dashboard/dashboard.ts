import type { ServiceName } from '@streamflow/contracts';
import { dashboardHome } from '@streamflow/contracts';
import type { Clock } from '../../domain/clock.ts';
import { unavailable } from '../../domain/errors.ts';
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
import { metricSeriesRoute } from './metric-series.ts';
import { createMetricsSocket } from './metrics-socket.ts';
import { createProxy } from './proxy.ts';
import { realtimeMetricsRoute } from './realtime-metrics.ts';
import { createSite, type SiteFile } from './site.ts';
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
  /** Base URL of a service, without a slash at the end; asked for each request. */
  readonly urlOf: (service: ServiceName) => string;
  /** The built pages by their paths, `/index.html` among them. */
  readonly files: ReadonlyMap<string, SiteFile>;
  /** Routes of others that this service answers: users and keys. */
  readonly routes?: readonly MountedRoute[];
}

/** What the dashboard reports for Prometheus. */
export interface DashboardMetrics {
  watchGauge(name: `streamflow_${string}`, help: string, value: () => number): void;
}

/** The dashboard service: its pages, figures for its charts, the way to the other services, and the routes it is given. */
export function createDashboard(options: DashboardOptions): Service {
  const { bus, records, events, live, clock, timers, log } = options;
  const tail = createEventTail({ events, clock, timers, log });
  const site = createSite(options.files);
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
      if (!site.answer(request, reply))
        throw unavailable('The pages of the dashboard are not built; `npm run build` makes them', 60);
      return reply;
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
    forwarder: createProxy({ urlOf: options.urlOf }),
    site,
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
