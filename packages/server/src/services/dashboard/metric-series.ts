import type { AggregationResult, MetricSeries } from '@streamflow/contracts';
import { comparisons, MetricSeriesQuery, metricSeries } from '@streamflow/contracts';
import type { Clock } from '../../domain/clock.ts';
import { formatTimestamp } from '../../domain/events/timestamp.ts';
import type { AggregationQuery, EventFilter } from '../../domain/queries/event-query.ts';
import { readEventFilter } from '../../domain/queries/parse-event-filter.ts';
import { readGroupBy } from '../../domain/queries/parse-measured.ts';
import {
  comparedPeriod,
  type NamedInterval,
  type Period,
  readIntervalLength,
  readIntervals,
  readPeriod,
  readTimeZone,
} from '../../domain/queries/parse-period.ts';
import { createQueryReader, type QueryReader } from '../../domain/queries/query-reader.ts';
import { asIntervals, type IntervalRange } from '../../domain/time/intervals.ts';
import type { TimeZone } from '../../domain/time/time-zone.ts';
import type { EventStore } from '../../engines/event-store/port.ts';
import type { MountedRoute } from '../../http/service.ts';
import { readMeasured, type SeriesMeasured } from './series-metric.ts';

const maxPoints = 10_000;
const maxValues = 200_000;
const defaultGroups = 10;
const maxGroups = 100;

interface SeriesRequest {
  readonly filter: EventFilter;
  readonly measured: SeriesMeasured;
  readonly length: NamedInterval;
  readonly zone: TimeZone;
  readonly groupBy: AggregationQuery['groupBy'];
  readonly limit: number;
  /** The period that was asked for, and the one that it is compared with. */
  readonly periods: readonly [SeriesPeriod, SeriesPeriod?];
}

interface SeriesPeriod extends Period {
  readonly intervals: IntervalRange;
}

type Series = Pick<MetricSeries, 'data' | 'total' | 'groups' | 'other' | 'period'>;
type Groups = AggregationResult['aggregations'];
type Value = number | null;

export interface MetricSeriesOptions {
  readonly events: Pick<EventStore, 'aggregate'>;
  readonly clock: Clock;
}

/** One metric over time, by group, and beside another period. */
export function metricSeriesRoute({ events, clock }: MetricSeriesOptions): MountedRoute {
  return {
    contract: metricSeries,
    async handle({ query, principal: { project }, signal }): Promise<MetricSeries> {
      const request = readRequest(query, project, clock.now());
      const ask = async (period: SeriesPeriod, only?: AggregationQuery['only']): Promise<Series> => {
        const asked = queryOf(request, period, only);
        return seriesOf(request, period, asked.edges, await events.aggregate(asked.query, { signal }));
      };
      const [period, compared] = request.periods;
      const series = await ask(period);
      const only = request.groupBy.length === 0 ? undefined : keysOf(series.groups ?? {});
      return {
        ...series,
        metric: request.measured.name,
        interval: request.length.text,
        time_zone: request.zone.name,
        ...(compared === undefined ? {} : { previous: await ask(compared, only) }),
      };
    },
  };
}

function queryOf(
  { filter, measured, groupBy, limit }: SeriesRequest,
  { start, end, intervals }: SeriesPeriod,
  only: AggregationQuery['only'],
): { readonly query: AggregationQuery; readonly edges: readonly number[] } {
  const edges = intervals.edges(0, maxPoints);
  const query = {
    filter: { ...filter, start, end },
    metric: measured.metric,
    ...(measured.field === undefined ? {} : { field: measured.field }),
    groupBy,
    limit,
    interval: asIntervals(edges),
    ...(only === undefined ? {} : { only }),
  };
  return { query, edges };
}

function seriesOf(
  { measured, groupBy }: SeriesRequest,
  { start, end }: SeriesPeriod,
  edges: readonly number[],
  result: AggregationResult,
): Series {
  const isGrouped = groupBy.length > 0;
  const parts = (
    values: { readonly aggregations: Groups; readonly other?: AggregationResult['other'] },
    seconds: number,
  ): Pick<Series, 'groups' | 'other'> => {
    if (!isGrouped) return {};
    const scale = (value: Value): Value => measured.scale(value, seconds);
    const { other } = values;
    const rest = typeof other === 'number' || other === null ? { other: scale(other) } : {};
    return { groups: mapGroups(values.aggregations, scale), ...rest };
  };
  const seconds = (end - start) / 1000;
  return {
    data: (result.series ?? []).map((point, i) => {
      const from = Math.max(start, edges[i] ?? start);
      const length = (Math.min(end, edges[i + 1] ?? end) - from) / 1000;
      return {
        timestamp: point.timestamp,
        value: measured.scale(point.total, length),
        ...parts(point, length),
      };
    }),
    total: measured.scale(result.total, seconds),
    ...parts(result, seconds),
    period: { start: formatTimestamp(start), end: formatTimestamp(end) },
  };
}

function mapGroups(groups: Groups, scale: (value: Value) => Value): Groups {
  return Object.fromEntries(
    Object.entries(groups).map(([key, value]) => [
      key,
      typeof value === 'object' && value !== null
        ? Object.fromEntries(Object.entries(value).map(([inner, one]) => [inner, scale(one)]))
        : scale(value),
    ]),
  );
}

function keysOf(groups: Groups): string[][] {
  return Object.entries(groups).flatMap(([key, value]) =>
    typeof value === 'object' && value !== null ? Object.keys(value).map((inner) => [key, inner]) : [[key]],
  );
}

function readRequest(query: unknown, project: string, now: number): SeriesRequest {
  const reader = createQueryReader(query);
  const filter = readEventFilter(reader, project, MetricSeriesQuery);
  const period = readPeriod(reader, filter, now);
  const zone = readTimeZone(reader);
  const length = readIntervalLength(reader);
  const measured = readMeasured(reader);
  const groupBy = readGroupBy(reader);
  const limit = reader.integer('limit', 1, maxGroups) ?? defaultGroups;
  const comparison = reader.oneOf('compare', comparisons);
  const withIntervals = (range: Period): SeriesPeriod => {
    const intervals = readIntervals(reader, length, zone, range);
    refuseTooMany(reader, intervals.total, groupBy.length === 0 ? 1 : limit);
    return { ...range, intervals };
  };
  const whole = withIntervals(period);
  const compared =
    comparison === undefined ? undefined : withIntervals(comparedPeriod(comparison, period, zone));
  reader.finish();
  const periods = compared === undefined ? ([whole] as const) : ([whole, compared] as const);
  return { filter, measured, length, zone, groupBy, limit, periods };
}

function refuseTooMany(reader: QueryReader, points: number, groups: number): void {
  if (points > maxPoints)
    reader.refuse(
      'interval',
      `interval makes ${points} points; at most ${maxPoints} are answered: take a longer interval or a shorter period`,
    );
  else if (points * groups > maxValues)
    reader.refuse(
      'limit',
      `${points} points of up to ${groups} groups are more than ${maxValues} values: lower limit or take a longer interval`,
    );
}
