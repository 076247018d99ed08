import type { MetricValue } from '../metrics/live-metrics.ts';

/** How one number is made of the values of a metric. */
export const statistics = ['p50', 'p90', 'p95', 'p99', 'avg', 'sum', 'min', 'max', 'count', 'rate'] as const;
export type Statistic = (typeof statistics)[number] | 'unique' | 'last';

/** A number that is read from a metric over a window; `per` divides it by the same of another metric. */
export interface MetricFigure {
  readonly metric: string;
  readonly statistic: Statistic;
  readonly per?: { readonly metric: string; readonly statistic: Statistic };
}

/** What each name means when it stands by itself in a condition. */
export type MetricCatalogue = ReadonlyMap<string, MetricFigure>;

const figure = (metric: string, statistic: Statistic): MetricFigure => ({ metric, statistic });

/** Names of the live metrics that every event is measured by. */
export const measured = {
  events: 'events_total',
  errors: 'error_count',
  users: 'active_users',
  sessions: 'active_sessions',
  responseTime: 'response_time',
} as const;

/** The metrics and figures that there are always. */
export const builtInMetrics: MetricCatalogue = new Map<string, MetricFigure>([
  ['events', figure(measured.events, 'count')],
  ['errors', figure(measured.errors, 'count')],
  ['users', figure(measured.users, 'unique')],
  ['sessions', figure(measured.sessions, 'unique')],
  ['response_time', figure(measured.responseTime, 'avg')],
  ['events_total', figure(measured.events, 'count')],
  ['events_per_second', figure(measured.events, 'rate')],
  ['error_count', figure(measured.errors, 'count')],
  ['error_rate', { ...figure(measured.errors, 'count'), per: figure(measured.events, 'count') }],
  ['active_users', figure(measured.users, 'unique')],
  ['active_sessions', figure(measured.sessions, 'unique')],
  ['response_time_avg', figure(measured.responseTime, 'avg')],
  ['response_time_p50', figure(measured.responseTime, 'p50')],
  ['response_time_p95', figure(measured.responseTime, 'p95')],
  ['response_time_p99', figure(measured.responseTime, 'p99')],
]);

/** By the kind of a metric that users define: the sum of a counter, the last of a gauge, the mean of a distribution. */
export function definedMetric(name: string, type: 'counter' | 'gauge' | 'histogram' | 'timer'): MetricFigure {
  if (type === 'counter') return figure(name, 'sum');
  return figure(name, type === 'gauge' ? 'last' : 'avg');
}

const quantiles: Readonly<Record<string, number>> = { p50: 0.5, p90: 0.9, p95: 0.95, p99: 0.99 };

/** Null where there was nothing to make it of: counts and sums of nothing are 0, means and quantiles of nothing are not. */
export function statisticOf(
  value: MetricValue | null,
  statistic: Statistic,
  windowMs: number,
): number | null {
  switch (statistic) {
    case 'count':
      return value?.count ?? 0;
    case 'sum':
      return value?.sum ?? 0;
    case 'rate':
      return ((value?.count ?? 0) * 1000) / windowMs;
    case 'unique':
      return value?.unique ?? 0;
    case 'avg':
      return value === null || value.count === 0 ? null : value.sum / value.count;
    case 'min':
      return value?.min ?? null;
    case 'max':
      return value?.max ?? null;
    case 'last':
      return value?.last ?? null;
    default:
      return value?.quantile(quantiles[statistic] ?? 0.5) ?? null;
  }
}
