import type { MetricType } from '@streamflow/contracts';

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
