import type { EventTrends } from '@streamflow/contracts';
import { EventTrendsQuery, eventTrends } from '@streamflow/contracts';
import type { Clock } from '../../domain/clock.ts';
import type { EventFilter } from '../../domain/queries/event-query.ts';
import { readEventFilter } from '../../domain/queries/parse-event-filter.ts';
import {
  comparedPeriod,
  type Period,
  readIntervalLength,
  readIntervals,
  readPeriod,
  readTimeZone,
} from '../../domain/queries/parse-period.ts';
import { createQueryReader } from '../../domain/queries/query-reader.ts';
import { asIntervals, type Intervals } from '../../domain/time/intervals.ts';
import type { EventStore } from '../../engines/event-store/port.ts';
import type { MountedRoute } from '../../http/service.ts';
import { changeBetween, formatPeriod } from '../../reports/top-values.ts';

const maxPoints = 10_000;
const defaultTypes = 10;
const maxTypes = 100;

interface TrendsRequest {
  readonly filter: EventFilter;
  readonly period: Period;
  readonly before: Period;
  readonly interval: Intervals;
  readonly limit: number;
}

export interface EventTrendsOptions {
  readonly events: Pick<EventStore, 'aggregate'>;
  readonly clock: Clock;
}

/** Events by type over time. */
export function eventTrendsRoute({ events, clock }: EventTrendsOptions): MountedRoute {
  return {
    contract: eventTrends,
    async handle({ query, principal: { project }, signal }): Promise<EventTrends> {
      const { filter, period, before, interval, limit } = readRequest(query, project, clock.now());
      const [now, then] = await Promise.all([
        events.aggregate(
          {
            filter: { ...filter, ...period },
            metric: 'count',
            groupBy: [{ kind: 'field', field: 'type' }],
            limit,
            interval,
          },
          { signal },
        ),
        events.aggregate(
          { filter: { ...filter, ...before }, metric: 'count', groupBy: [], limit: 1 },
          { signal },
        ),
      ]);
      const total = now.total ?? 0;
      const previous = then.total ?? 0;
      return {
        data: (now.series ?? []).map((point) => ({
          timestamp: point.timestamp,
          events_total: point.total ?? 0,
          types: Object.fromEntries(
            Object.keys(now.aggregations).map((type) => [type, Number(point.aggregations[type] ?? 0)]),
          ),
          other: point.other ?? 0,
        })),
        total,
        previous_total: previous,
        change: changeBetween(previous, total),
        period: formatPeriod(period),
        previous_period: formatPeriod(before),
      };
    },
  };
}

function readRequest(query: unknown, project: string, now: number): TrendsRequest {
  const reader = createQueryReader(query);
  const filter = readEventFilter(reader, project, EventTrendsQuery);
  const period = readPeriod(reader, filter, now);
  const zone = readTimeZone(reader);
  const intervals = readIntervals(reader, readIntervalLength(reader), zone, period);
  const limit = reader.integer('limit', 1, maxTypes) ?? defaultTypes;
  if (intervals.total > maxPoints)
    reader.refuse(
      'interval',
      `interval makes ${intervals.total} points; at most ${maxPoints} are answered: take a longer interval or a shorter period`,
    );
  reader.finish();
  return {
    filter,
    period,
    before: comparedPeriod('previous', period, zone),
    interval: asIntervals(intervals.edges(0, maxPoints)),
    limit,
  };
}
