import type { StoredMetric } from '@streamflow/contracts';
import type { Unit } from '../../lib/format.ts';

/** A condition over one built-in metric and one number, which can be drawn. */
export interface DrawnCondition {
  readonly metric: StoredMetric;
  readonly unit: Unit;
  readonly limit: number;
}

const figures: ReadonlyMap<string, Pick<DrawnCondition, 'metric' | 'unit'>> = new Map([
  ['events', { metric: 'events_total', unit: 'count' }],
  ['events_total', { metric: 'events_total', unit: 'count' }],
  ['errors', { metric: 'error_count', unit: 'count' }],
  ['error_count', { metric: 'error_count', unit: 'count' }],
  ['error_rate', { metric: 'error_rate', unit: 'ratio' }],
  ['events_per_second', { metric: 'events_per_second', unit: 'per-second' }],
  ['users', { metric: 'active_users', unit: 'count' }],
  ['active_users', { metric: 'active_users', unit: 'count' }],
  ['sessions', { metric: 'active_sessions', unit: 'count' }],
  ['active_sessions', { metric: 'active_sessions', unit: 'count' }],
  ['response_time', { metric: 'response_time_avg', unit: 'seconds' }],
  ['response_time_avg', { metric: 'response_time_avg', unit: 'seconds' }],
  ['response_time_p50', { metric: 'response_time_p50', unit: 'seconds' }],
  ['response_time_p95', { metric: 'response_time_p95', unit: 'seconds' }],
  ['response_time_p99', { metric: 'response_time_p99', unit: 'seconds' }],
]);

/** `p95(response_time)` is what `response_time_p95` is. */
const named = (term: string): string => {
  const [, statistic] = /^(avg|p50|p95|p99)\(\s*response_time\s*\)$/.exec(term) ?? [];
  return statistic === undefined ? term : `response_time_${statistic}`;
};

const comparison =
  /^\s*([a-z][a-z0-9_]*(?:\(\s*[a-z_]+\s*\))?)\s*(?:(?:>=|<=|==|!=|>|<)\s*(threshold|-?\d+(?:\.\d+)?)\s*)?$/;

/** Null for a condition that is more than that. Without a comparison it is with the threshold. */
export function drawnCondition(condition: string, threshold: number): DrawnCondition | null {
  const [, term, bound = 'threshold'] = comparison.exec(condition) ?? [];
  const found = term === undefined ? undefined : figures.get(named(term));
  if (found === undefined) return null;
  return { ...found, limit: bound === 'threshold' ? threshold : Number(bound) };
}

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of `5m`; null for what is no length of time. */
export function durationMs(text: string): number | null {
  const [, count, unit] = /^([0-9]{1,6})([smhd])$/.exec(text) ?? [];
  const ms = unit === undefined ? undefined : unitMs[unit];
  return ms === undefined ? null : Number(count) * ms;
}
