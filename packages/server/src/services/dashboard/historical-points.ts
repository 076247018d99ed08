import type { HistoricalMetrics, StoredMetric } from '@streamflow/contracts';
import type { HistoryMeasure, HistoryPoint } from '../../engines/event-store/port.ts';

/** What each metric needs beside events and errors. */
const measureOf: Readonly<Record<StoredMetric, HistoryMeasure | null>> = {
  events_total: null,
  events_per_second: null,
  error_count: null,
  error_rate: null,
  unique_users: 'users',
  active_users: 'users',
  active_sessions: 'sessions',
  response_time_avg: 'response_time',
  response_time_p50: 'response_time_quantiles',
  response_time_p95: 'response_time_quantiles',
  response_time_p99: 'response_time_quantiles',
};

export const measuresOf = (metrics: readonly StoredMetric[]): readonly HistoryMeasure[] => [
  ...new Set(metrics.flatMap((metric) => measureOf[metric] ?? [])),
];

/** The metrics of an interval; without a point nothing happened in it. `seconds` is how long it is. */
export function pointOf(
  metrics: readonly StoredMetric[],
  point: HistoryPoint | undefined,
  seconds: number,
): Omit<HistoricalMetrics, 'timestamp'> {
  return Object.fromEntries(metrics.map((metric) => [metric, metricOf(metric, point, seconds)]));
}

function metricOf(metric: StoredMetric, point: HistoryPoint | undefined, seconds: number): number | null {
  const events = point?.events ?? 0;
  const errors = point?.errors ?? 0;
  switch (metric) {
    case 'events_total':
      return events;
    case 'events_per_second':
      return events / seconds;
    case 'error_count':
      return errors;
    case 'error_rate':
      return events === 0 ? 0 : errors / events;
    case 'unique_users':
    case 'active_users':
      return point?.uniqueUsers ?? 0;
    case 'active_sessions':
      return point?.uniqueSessions ?? 0;
    case 'response_time_avg': {
      const { count, sum } = point?.responseTime ?? { count: 0, sum: 0 };
      return count === 0 ? null : sum / count;
    }
    case 'response_time_p50':
      return point?.responseTimeQuantiles?.p50 ?? null;
    case 'response_time_p95':
      return point?.responseTimeQuantiles?.p95 ?? null;
    case 'response_time_p99':
      return point?.responseTimeQuantiles?.p99 ?? null;
  }
}
