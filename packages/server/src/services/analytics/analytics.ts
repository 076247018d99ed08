import type { Clock } from '../../domain/clock.ts';
import type { Log } from '../../domain/log.ts';
import type { Timers } from '../../domain/timers.ts';
import type { Bus } from '../../engines/bus/port.ts';
import type { EventStore } from '../../engines/event-store/port.ts';
import type { RecordStore } from '../../engines/record-store/port.ts';
import type { Service } from '../../http/service.ts';
import type { DefinitionSource } from '../../live-metrics/definition-source.ts';
import type { RunningLiveMetrics } from '../../live-metrics/live-metrics.ts';
import { createBackfill } from './backfill.ts';
import { definitionRoutes } from './definition-routes.ts';
import { createStreamWorker } from './stream-worker.ts';
import { windowsRoute } from './windows-route.ts';

/** What a worker reports for Prometheus. */
export interface AnalyticsMetrics {
  watchGauge(name: `streamflow_${string}`, help: string, value: () => number): void;
}

export interface AnalyticsOptions {
  readonly bus: Pick<Bus, 'consume' | 'publishLive' | 'ping'>;
  readonly events: Pick<EventStore, 'export' | 'ping'>;
  readonly records: RecordStore;
  readonly definitions: DefinitionSource;
  /** Seen by readers of this service; filled by the deltas of all workers. */
  readonly live: RunningLiveMetrics;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly newId: () => string;
  readonly log: Log;
  readonly metrics: AnalyticsMetrics;
  /** Unique among the workers of an installation. */
  readonly worker: string;
  readonly allowedLatenessMs: number;
  readonly maxTagValues: number;
}

/** The analytics service: a worker of the stream, and what is known of windows and definitions. */
export function createAnalytics(options: AnalyticsOptions): Service {
  const { bus, events, metrics } = options;
  const worker = createStreamWorker({ ...options, name: options.worker });
  metrics.watchGauge(
    'streamflow_analytics_lag_seconds',
    'Age of the events that this worker takes now; 0 when it has caught up.',
    () => worker.state.lag_seconds,
  );
  metrics.watchGauge(
    'streamflow_analytics_events_folded',
    'Events that this worker has folded since it started.',
    () => worker.state.events,
  );
  metrics.watchGauge(
    'streamflow_analytics_late_events',
    'Events that came after the allowed lateness since this worker started.',
    () => worker.state.late,
  );
  metrics.watchGauge(
    'streamflow_analytics_tag_overflow',
    'Events whose tags were beyond the cap of a metric since this worker started.',
    () => worker.state.overflow,
  );
  return {
    name: 'analytics',
    routes: [...definitionRoutes({ ...options, backfill: createBackfill(options) }), windowsRoute(options)],
    sockets: [],
    checks: { database: () => events.ping(), message_broker: () => bus.ping() },
    essentialChecks: ['database'],
    figures: { lag_seconds: () => worker.state.lag_seconds },
    start: () => worker.start(),
    stop: () => worker.stop(),
  };
}
