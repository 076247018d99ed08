import type { AggregationResult } from '@streamflow/contracts';
import type { AggregationQuery, QueryMetric } from '../../domain/queries/event-query.ts';
import type { Intervals } from '../../domain/time/intervals.ts';

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
export const emptyValue = (metric: QueryMetric): number | null => (counting.has(metric) ? 0 : null);

const counting: ReadonlySet<QueryMetric> = new Set([
  'count',
  'unique_users',
  'unique_sessions',
  'error_count',
  'error_rate',
]);

/** Whether the metric of some groups is the sum of theirs: an event is in one group alone, and counts there. */
export const isSumOfGroups = ({ metric, groupBy }: AggregationQuery): boolean =>
  (metric === 'count' || metric === 'error_count') &&
  !groupBy.some((key) => key.kind === 'field' && key.field === 'tag');

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

/** What the limit cut off in each interval: nothing anywhere, what the groups lack of the total, or as it was asked for. */
export type SeriesRest = 'none' | 'difference' | readonly { time: number; total: Value }[];

/**
 * Brings totals and groups of the intervals together. With a start and an end, and not too many intervals between
 * them, empty ones are there too.
 */
export function joinSeries(
  query: AggregationQuery,
  interval: Intervals,
  totals: readonly { time: number; total: Value }[],
  groups: readonly { time: number; group: Group }[],
  rest: SeriesRest,
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
  const otherAt = new Map(
    rest === 'none' || rest === 'difference' ? [] : rest.map((row) => [row.time, row.total]),
  );
  return times.map((time) => {
    const kept = groupsAt.get(time) ?? [];
    const total = totalAt.get(time) ?? empty;
    const point = { timestamp: new Date(time).toISOString(), aggregations: nestGroups(kept), total };
    if (rest === 'none') return point;
    const difference = (total ?? 0) - kept.reduce((sum, { value }) => sum + (value ?? 0), 0);
    return { ...point, other: rest === 'difference' ? difference : (otherAt.get(time) ?? empty) };
  });
}

function allIntervals({ filter }: AggregationQuery, interval: Intervals): readonly number[] | null {
  if (typeof interval !== 'number') return interval.slice(0, -1);
  const { start, end } = filter;
  if (start === undefined || end === undefined) return null;
  const first = Math.floor(start / interval) * interval;
  const count = Math.ceil((end - first) / interval);
  if (count > longestFilledSeries) return null;
  return Array.from({ length: Math.max(count, 0) }, (_, i) => first + i * interval);
}
