import type { AggregationMetric, AggregationResult } from '@streamflow/contracts';
import type { AggregationQuery } from '../../domain/queries/event-query.ts';

type Value = number | null;
type Aggregations = AggregationResult['aggregations'];
type Series = NonNullable<AggregationResult['series']>;

export interface Group {
  /** As many as the query groups by. */
  readonly keys: readonly string[];
  readonly value: Value;
}

/** Points of a series, times groups, that an answer may have. */
export const longestSeries = 100_000;
/** Longest series in which empty intervals are filled in. */
const longestFilledSeries = 10_000;

/** The metric over no events. */
export const emptyValue = (metric: AggregationMetric): number | null =>
  metric === 'count' || metric === 'unique_users' ? 0 : null;

/** Values by group; with two keys, by group and group. */
export function nestGroups(groups: readonly Group[]): Aggregations {
  // A Map first: a key may be the name of something that every object inherits.
  const outer = new Map<string, Value | Map<string, Value>>();
  for (const { keys, value } of groups) {
    const [first = '', second] = keys;
    if (second === undefined) {
      outer.set(first, value);
      continue;
    }
    const inner = outer.get(first);
    if (inner instanceof Map) inner.set(second, value);
    else outer.set(first, new Map([[second, value]]));
  }
  return Object.fromEntries(
    [...outer].map(([key, value]) => [key, value instanceof Map ? Object.fromEntries(value) : value]),
  );
}

/**
 * Brings totals and groups of the intervals together. With a start and an end, and not too many intervals between
 * them, empty ones are there too.
 */
export function joinSeries(
  query: AggregationQuery,
  interval: number,
  totals: readonly { time: number; total: Value }[],
  groups: readonly { time: number; group: Group }[],
): Series {
  const groupsAt = new Map<number, Group[]>();
  for (const { time, group } of groups) {
    const present = groupsAt.get(time);
    if (present === undefined) groupsAt.set(time, [group]);
    else present.push(group);
  }
  const totalAt = new Map(totals.map(({ time, total }) => [time, total]));
  const empty = emptyValue(query.metric);
  const times = allIntervals(query, interval) ?? totals.map(({ time }) => time);
  return times.map((time) => ({
    timestamp: new Date(time).toISOString(),
    aggregations: nestGroups(groupsAt.get(time) ?? []),
    total: totalAt.get(time) ?? empty,
  }));
}

function allIntervals({ filter }: AggregationQuery, interval: number): number[] | null {
  const { start, end } = filter;
  if (start === undefined || end === undefined) return null;
  const first = Math.floor(start / interval) * interval;
  const count = Math.ceil((end - first) / interval);
  if (count > longestFilledSeries) return null;
  return Array.from({ length: Math.max(count, 0) }, (_, i) => first + i * interval);
}
