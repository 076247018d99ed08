import { type LiveFigureName, type LiveFigures, liveFigureNames } from '@streamflow/contracts';
import { isBuiltInMetric } from './built-in-metrics.ts';
import type { LiveMetrics, MetricValue } from './live-metrics.ts';

/** Users and sessions are active for five minutes, milliseconds. */
const activeWindow = 300_000;

export interface FigureRead {
  readonly project: string;
  /** One of `liveFigureNames`, or the name of a metric that was defined or sent. */
  readonly name: string;
  /** Milliseconds since the epoch, whole seconds; included. */
  readonly from: number;
  /** Not included. */
  readonly to: number;
}

export interface FigureGroup {
  /** In the order of `groupBy`. */
  readonly tags: readonly string[];
  readonly value: number | null;
}

const isFigure = (name: string): name is LiveFigureName => liveFigureNames.some((known) => known === name);

/**
 * One figure over a span of time, whatever it is derived from; null where there is none, as the mean of no values.
 * Active users and sessions are those of the five minutes before `to`.
 */
export function readFigure(live: LiveMetrics, read: FigureRead): number | null {
  return readFigureByTags(live, { ...read, groupBy: [] })[0]?.value ?? emptyFigure(read.name);
}

/** The figure by the tags that its metric has; groups in which nothing was measured are left out. */
export function readFigureByTags(
  live: LiveMetrics,
  { name, groupBy, ...span }: FigureRead & { readonly groupBy: readonly string[] },
): FigureGroup[] {
  const groups = (metric: string, from = span.from) =>
    live.read({ ...span, from, metric, groupBy }).map(({ tags, value }) => ({ tags, measured: value }));
  const derive = (metric: string, figure: (measured: MetricValue) => number | null): FigureGroup[] =>
    groups(metric).map(({ tags, measured }) => ({ tags, value: figure(measured) }));
  if (!isFigure(name)) {
    if (isBuiltInMetric(name)) return derive(name, meanOf);
    const type = live.typeOf(span.project, name);
    return derive(name, (measured) => valueByType(type, measured));
  }
  switch (name) {
    case 'events_per_second': {
      const seconds = Math.max(1, (span.to - span.from) / 1000);
      return derive('events_total', ({ count }) => count / seconds);
    }
    case 'events_total':
    case 'error_count':
      return derive(name, ({ count }) => count);
    case 'active_users':
    case 'active_sessions':
      return groups(name, span.to - activeWindow).map(({ tags, measured }) => ({
        tags,
        value: measured.unique,
      }));
    case 'error_rate': {
      const errors = new Map(
        groups('error_count').map(({ tags, measured }) => [tags.join('\u0000'), measured.count]),
      );
      return groups('events_total').map(({ tags, measured }) => ({
        tags,
        value: (errors.get(tags.join('\u0000')) ?? 0) / measured.count,
      }));
    }
    case 'response_time_avg':
      return derive('response_time', meanOf);
    case 'response_time_p50':
      return derive('response_time', (measured) => measured.quantile(0.5));
    case 'response_time_p95':
      return derive('response_time', (measured) => measured.quantile(0.95));
    case 'response_time_p99':
      return derive('response_time', (measured) => measured.quantile(0.99));
  }
}

/** All built-in figures of a span. */
export function readFigures(live: LiveMetrics, span: Omit<FigureRead, 'name'>): LiveFigures {
  const read = (name: LiveFigureName): number | null => readFigure(live, { ...span, name });
  return {
    events_per_second: read('events_per_second') ?? 0,
    active_users: read('active_users') ?? 0,
    error_rate: read('error_rate') ?? 0,
    response_time_avg: read('response_time_avg'),
    events_total: read('events_total') ?? 0,
    error_count: read('error_count') ?? 0,
    active_sessions: read('active_sessions') ?? 0,
    response_time_p50: read('response_time_p50'),
    response_time_p95: read('response_time_p95'),
    response_time_p99: read('response_time_p99'),
  };
}

const withoutEvents = new Set<string>([
  'events_per_second',
  'active_users',
  'error_rate',
  'events_total',
  'error_count',
  'active_sessions',
]);

/** What a figure is where nothing was measured. */
const emptyFigure = (name: string): number | null => (withoutEvents.has(name) ? 0 : null);

const meanOf = ({ count, sum }: MetricValue): number | null => (count === 0 ? null : sum / count);

function valueByType(type: ReturnType<LiveMetrics['typeOf']>, measured: MetricValue): number | null {
  if (type === 'counter') return measured.sum;
  return type === 'gauge' ? measured.last : meanOf(measured);
}
