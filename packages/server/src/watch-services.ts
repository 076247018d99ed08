import type { Service } from './http/service.ts';
import type { Metrics } from './observability/metrics.ts';

/** Shows how far storage is behind: what it has taken over and not written yet. */
export function watchStorage(metrics: Pick<Metrics, 'watchGauge'>, figures: Service['figures']): void {
  const figure = (name: string): number => figures[name]?.() ?? 0;
  metrics.watchGauge(
    'streamflow_storage_waiting_events',
    'Events that storage has taken over and not written yet.',
    () => figure('events_waiting'),
  );
  metrics.watchGauge(
    'streamflow_storage_lag_seconds',
    'Age of the oldest event that storage has taken over and not written yet.',
    () => figure('oldest_waiting_ms') / 1000,
  );
}
