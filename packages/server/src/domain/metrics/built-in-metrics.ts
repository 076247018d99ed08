import type { Event, MetricType } from '@streamflow/contracts';

/** What every worker measures: name, type, unit, tags. */
export const builtInMetrics = {
  events_total: { type: 'counter', unit: 'events', tags: ['type', 'source', 'severity'] },
  error_count: { type: 'counter', unit: 'events', tags: ['type', 'source', 'severity'] },
  active_users: { type: 'gauge', unit: 'users', tags: [] },
  active_sessions: { type: 'gauge', unit: 'sessions', tags: [] },
  response_time: { type: 'timer', unit: 'seconds', tags: ['source'] },
} as const satisfies Record<string, { type: MetricType; unit: string; tags: readonly string[] }>;

export type BuiltInMetricName = keyof typeof builtInMetrics;

export const isBuiltInMetric = (name: string): name is BuiltInMetricName =>
  Object.hasOwn(builtInMetrics, name);

/**
 * The response time that an event tells, seconds: `data.response_time` or `data.duration`, which are in seconds, or
 * `data.duration_ms`; the first of them that is a number of at least 0.
 */
export function responseTimeOf({ data }: Pick<Event, 'data'>): number | null {
  if (isDuration(data.response_time)) return data.response_time;
  if (isDuration(data.duration)) return data.duration;
  return isDuration(data.duration_ms) ? data.duration_ms / 1000 : null;
}

const isDuration = (value: unknown): value is number => typeof value === 'number' && value >= 0;
