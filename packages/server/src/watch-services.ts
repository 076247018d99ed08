import type { Service } from './http/service.ts';
import type { Metrics } from './observability/metrics.ts';

type Figures = Service['figures'];
type Gauges = Pick<Metrics, 'watchGauge'>;

const figure = (figures: Figures, name: string): number => figures[name]?.() ?? 0;

/** Shows how far storage is behind: what it has taken over and not written yet. */
export function watchStorage(metrics: Gauges, figures: Figures): void {
  metrics.watchGauge(
    'streamflow_storage_waiting_events',
    'Events that storage has taken over and not written yet.',
    () => figure(figures, 'events_waiting'),
  );
  metrics.watchGauge(
    'streamflow_storage_lag_seconds',
    'Age of the oldest event that storage has taken over and not written yet.',
    () => figure(figures, 'oldest_waiting_ms') / 1000,
  );
}

/** Shows whether rules are evaluated, and whether people are told. */
export function watchAlerting(metrics: Gauges, figures: Figures): void {
  metrics.watchGauge(
    'streamflow_alert_evaluation_lag_seconds',
    'Age of the last second that alert rules were evaluated for; 0 where another process evaluates.',
    () => figure(figures, 'evaluation_lag_ms') / 1000,
  );
  metrics.watchGauge(
    'streamflow_alert_rules_waiting',
    'Rules that are not evaluated since what they look at is not read from the store yet; 0 where another process evaluates.',
    () => figure(figures, 'rules_waiting'),
  );
  metrics.watchGauge(
    'streamflow_alert_notifications_pending',
    'Notifications in the outbox that no channel has taken yet; 0 where another process evaluates.',
    () => figure(figures, 'notifications_pending'),
  );
}
