import type { AggregationResult, Event, LineEvent } from '@streamflow/contracts';
import { expect } from 'vitest';
import { responseTimeOf } from '../../domain/metrics/response-time.ts';
import type { AggregationQuery, EventFilter, GroupKey } from '../../domain/queries/event-query.ts';
import { isErrorEvent, matchesFilter } from '../../domain/queries/matches-filter.ts';
import { valueAt } from '../../domain/queries/property-path.ts';
import { type Intervals, startOf } from '../../domain/time/intervals.ts';
import type { HistoryPoint } from './port.ts';

/** Holds the result of an aggregation against a recount in plain JavaScript. */
export function recount(
  events: readonly LineEvent[],
  query: AggregationQuery,
  found: AggregationResult,
): void {
  const matching = events.filter(({ project, ...event }) => matchesFilter(event, project, query.filter));
  expectValue(query, matching, found.total);
  const groups = groupsOf(query, matching);
  const kept = flatten(query, found.aggregations);
  const only = query.only?.map((keys) => keys.join(separator));
  if (only === undefined)
    expect(kept.size).toBe(Math.min(groups.size, query.groupBy.length === 0 ? 0 : query.limit));
  else expect([...kept.keys()].sort()).toEqual(only.filter((key) => groups.has(key)).sort());
  for (const [key, value] of kept) expectValue(query, groups.get(key) ?? [], value);
  const cutOff = [...groups].filter(([key]) => !kept.has(key));
  if (only === undefined && (cutOff.length === 0 || query.groupBy.length === 0))
    expect(found.other).toBeUndefined();
  else {
    expectValue(
      query,
      cutOff.flatMap(([, members]) => members),
      single(found.other),
    );
    const smallest = Math.min(...[...kept.values()].map((value) => value ?? Number.NEGATIVE_INFINITY));
    for (const [, members] of only === undefined ? cutOff : []) {
      expect(exactValue(query, members) ?? Number.NEGATIVE_INFINITY).toBeLessThanOrEqual(
        smallest * 1.02 + 1e-9,
      );
    }
  }
  if (query.interval !== undefined)
    recountSeries(matching, query, query.interval, found, new Set(kept.keys()));
}

function recountSeries(
  matching: readonly LineEvent[],
  query: AggregationQuery,
  interval: Intervals,
  found: AggregationResult,
  kept: ReadonlySet<string>,
): void {
  const series = found.series ?? [];
  const times = series.map(({ timestamp }) => Date.parse(timestamp));
  expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
  const bucketOf = (event: Event): number => startOf(interval, Date.parse(event.timestamp));
  for (const event of matching) expect(times).toContain(bucketOf(event));
  for (const point of series) {
    const members = matching.filter((event) => bucketOf(event) === Date.parse(point.timestamp));
    expectValue(query, members, point.total);
    const groups = groupsOf(query, members);
    const flat = flatten(query, point.aggregations);
    expect([...flat.keys()].sort()).toEqual([...groups.keys()].filter((key) => kept.has(key)).sort());
    for (const [key, value] of flat) expectValue(query, groups.get(key) ?? [], value);
    if (found.other === undefined) expect(point.other).toBeUndefined();
    else {
      const others = [...groups].flatMap(([key, some]) => (kept.has(key) ? [] : some));
      expectValue(query, others, single(point.other));
    }
  }
}

/** Holds a history with all measures against a recount in plain JavaScript. */
export function recountHistory(
  events: readonly LineEvent[],
  filter: EventFilter,
  interval: Intervals,
  points: readonly HistoryPoint[],
): void {
  const matching = events.filter(({ project, ...event }) => matchesFilter(event, project, filter));
  const bucketOf = (event: Event): number => startOf(interval, Date.parse(event.timestamp));
  expect(points.map(({ timestamp }) => timestamp)).toEqual(
    [...new Set(matching.map(bucketOf))].sort((a, b) => a - b),
  );
  for (const point of points) {
    const members = matching.filter((event) => bucketOf(event) === point.timestamp);
    const expectMeasure = (
      metric: AggregationQuery['metric'],
      found: number | null | undefined,
      field?: 'response_time',
    ): void => {
      const query = { filter, metric, groupBy: [], limit: 1, ...(field === undefined ? {} : { field }) };
      expectValue(query, members, found ?? null);
    };
    expectMeasure('count', point.events);
    expectMeasure('error_count', point.errors);
    expectMeasure('unique_users', point.uniqueUsers);
    expectMeasure('unique_sessions', point.uniqueSessions);
    const { count = 0, sum = 0 } = point.responseTime ?? {};
    expectMeasure('avg', count === 0 ? null : sum / count, 'response_time');
    expectMeasure('p50', point.responseTimeQuantiles?.p50, 'response_time');
    expectMeasure('p95', point.responseTimeQuantiles?.p95, 'response_time');
    expectMeasure('p99', point.responseTimeQuantiles?.p99, 'response_time');
  }
}

const separator = '\u0000';

function groupsOf(query: AggregationQuery, events: readonly LineEvent[]): Map<string, LineEvent[]> {
  const groups = new Map<string, LineEvent[]>();
  if (query.groupBy.length === 0) return groups;
  for (const event of events) {
    for (const key of keysOf(query.groupBy, event)) {
      const members = groups.get(key);
      if (members === undefined) groups.set(key, [event]);
      else members.push(event);
    }
  }
  return groups;
}

function keysOf(groupBy: readonly GroupKey[], event: LineEvent): string[] {
  const byTag = groupBy.some((key) => key.kind === 'field' && key.field === 'tag');
  const tags = byTag && event.tags.length > 0 ? event.tags : ['null'];
  return tags.map((tag) =>
    groupBy
      .map((key) => {
        if (key.kind === 'field') return key.field === 'tag' ? tag : (event[key.field] ?? 'null');
        const value = valueAt(event.data, key.path);
        const text = typeof value === 'object' || value === undefined ? 'null' : String(value);
        return key.kind === 'labelled' ? (key.labels.get(text) ?? key.rest) : text;
      })
      .join(separator),
  );
}

function flatten(
  query: AggregationQuery,
  nested: AggregationResult['aggregations'],
): Map<string, number | null> {
  const flat = new Map<string, number | null>();
  for (const [first, value] of Object.entries(nested)) {
    if (query.groupBy.length < 2) flat.set(first, single(value));
    else
      for (const [second, inner] of Object.entries(value ?? {}))
        flat.set(first + separator + second, single(inner));
  }
  return flat;
}

function single(value: unknown): number | null {
  if (value === null || typeof value === 'number') return value;
  throw new TypeError(`Not a value: ${JSON.stringify(value)}`);
}

function numbersOf(query: AggregationQuery, events: readonly Event[]): number[] {
  const { field = [] } = query;
  return events
    .flatMap((event) => {
      const value = field === 'response_time' ? responseTimeOf(event.data) : valueAt(event.data, field);
      return typeof value === 'number' ? [value] : [];
    })
    .sort((a, b) => a - b);
}

function exactValue(query: AggregationQuery, events: readonly Event[]): number | null {
  if (query.metric === 'count') return events.length;
  if (query.metric === 'unique_users') return new Set(events.flatMap(({ user_id }) => user_id ?? [])).size;
  if (query.metric === 'unique_sessions')
    return new Set(events.flatMap(({ session_id }) => session_id ?? [])).size;
  const errors = events.filter(isErrorEvent).length;
  if (query.metric === 'error_count') return errors;
  if (query.metric === 'error_rate') return events.length === 0 ? 0 : errors / events.length;
  const numbers = numbersOf(query, events);
  if (numbers.length === 0) return null;
  const sum = numbers.reduce((total, number) => total + number, 0);
  switch (query.metric) {
    case 'sum':
      return sum;
    case 'avg':
      return sum / numbers.length;
    case 'min':
      return numbers[0] ?? null;
    case 'max':
      return numbers.at(-1) ?? null;
    default:
      return numbers[Math.floor((numbers.length * Number(query.metric.slice(1))) / 100)] ?? null;
  }
}

function expectValue(query: AggregationQuery, events: readonly Event[], found: number | null): void {
  const exact = exactValue(query, events);
  if (exact === null || found === null || !query.metric.startsWith('p')) {
    if (
      exact !== null &&
      found !== null &&
      (query.metric === 'sum' || query.metric === 'avg' || query.metric === 'error_rate')
    ) {
      // Floating-point sums depend on the order.
      expect(Math.abs(found - exact)).toBeLessThanOrEqual(Math.abs(exact) * 1e-9 + 1e-9);
    } else expect(found).toBe(exact);
    return;
  }
  // A quantile is a value at or next to the rank, within 1 %.
  const numbers = numbersOf(query, events);
  const rank = (numbers.length * Number(query.metric.slice(1))) / 100;
  const near = [Math.ceil(rank) - 1, Math.floor(rank)].flatMap((index) => numbers[index] ?? []);
  expect(near.some((number) => Math.abs(found - number) <= Math.abs(number) * 0.01)).toBe(true);
}
