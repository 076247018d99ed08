import type { TopValues } from '@streamflow/contracts';
import { formatTimestamp } from '../domain/events/timestamp.ts';
import type { EventFilter, GroupKey } from '../domain/queries/event-query.ts';
import { comparedPeriod, type Period } from '../domain/queries/parse-period.ts';
import { utc } from '../domain/time/time-zone.ts';
import type { EventStore, ReadOptions } from '../engines/event-store/port.ts';

export interface TopValuesRequest {
  readonly filter: EventFilter;
  readonly period: Period;
  readonly property: GroupKey;
  readonly limit: number;
}

/** The most frequent values of a property, beside the period of the same length before. */
export async function findTopValues(
  events: Pick<EventStore, 'aggregate'>,
  { filter, period, property, limit }: TopValuesRequest,
  options: ReadOptions,
): Promise<TopValues> {
  const before = comparedPeriod('previous', period, utc);
  const query = { metric: 'count', groupBy: [property], limit } as const;
  const now = await events.aggregate({ ...query, filter: { ...filter, ...period } }, options);
  const only = Object.keys(now.aggregations).map((value) => [value]);
  const then = await events.aggregate({ ...query, filter: { ...filter, ...before }, only }, options);
  const counts = new Map(Object.entries(then.aggregations));
  const total = now.total ?? 0;
  return {
    data: Object.entries(now.aggregations)
      .map(([value, found]) => {
        const count = Number(found);
        const previous = Number(counts.get(value) ?? 0);
        return {
          value,
          count,
          share: total === 0 ? 0 : count / total,
          previous_count: previous,
          change: changeBetween(previous, count),
        };
      })
      // An object gives keys that are numbers before all others.
      .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1)),
    other: Number(now.other ?? 0),
    total,
    previous_total: then.total ?? 0,
    period: formatPeriod(period),
    previous_period: formatPeriod(before),
  };
}

/** 0.5 for half as many more; null from nothing. */
export const changeBetween = (before: number, now: number): number | null =>
  before === 0 ? null : (now - before) / before;

export const formatPeriod = ({ start, end }: Period): { start: string; end: string } => ({
  start: formatTimestamp(start),
  end: formatTimestamp(end),
});
