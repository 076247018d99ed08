import { AggregateEventsQuery, aggregationMetrics } from '@streamflow/contracts';
import type { AggregationQuery, GroupKey } from '../../domain/queries/event-query.ts';
import { parseInterval } from '../../domain/queries/interval.ts';
import { readEventFilter } from '../../domain/queries/parse-event-filter.ts';
import { readField, readGroupBy } from '../../domain/queries/parse-measured.ts';
import type { QueryReader } from '../../domain/queries/query-reader.ts';
import { createQueryReader } from '../../domain/queries/query-reader.ts';

/** Points of a series. */
const maxBuckets = 10_000;
/** Values of a grouped series: points times groups. */
const maxSeriesValues = 1_000_000;

const defaultGroups = 100;
const maxGroups = 1000;

/** Reads the parameters of `GET /events/aggregations`. */
export function parseAggregationQuery(parameters: unknown, project: string): AggregationQuery {
  const reader = createQueryReader(parameters);
  const filter = readEventFilter(reader, project, AggregateEventsQuery);
  const metric = reader.oneOf('metric', aggregationMetrics) ?? 'count';
  const field = readField(reader, metric);
  const groupBy = readGroupBy(reader);
  const interval = readInterval(reader);
  const limit = reader.integer('limit', 1, maxGroups) ?? defaultGroups;
  if (interval !== undefined && filter.start !== undefined && filter.end !== undefined)
    refuseLongSeries(reader, { interval, first: filter.start, last: filter.end - 1, groupBy, limit });
  reader.finish();
  return {
    filter,
    metric,
    groupBy,
    limit,
    ...(field === undefined ? {} : { field }),
    ...(interval === undefined ? {} : { interval }),
  };
}

export interface SeriesSize {
  readonly interval: number;
  /** Times that the first and the last point hold, milliseconds since the epoch. */
  readonly first: number;
  readonly last: number;
  readonly groupBy: readonly GroupKey[];
  readonly limit: number;
}

/** Refuses a series with too many points, and one with too many values in its groups. */
export function refuseLongSeries(reader: Pick<QueryReader, 'refuse'>, size: SeriesSize): void {
  const { interval, first, last, groupBy, limit } = size;
  const buckets = Math.floor(last / interval) - Math.floor(first / interval) + 1;
  if (buckets > maxBuckets)
    reader.refuse(
      'interval',
      `interval makes ${buckets} points; at most ${maxBuckets} are answered: take a longer interval, or bound the time with start and end`,
    );
  else if (groupBy.length > 0 && buckets * limit > maxSeriesValues)
    reader.refuse(
      'limit',
      `${buckets} points of up to ${limit} groups are more than ${maxSeriesValues} values: lower limit or take a longer interval`,
    );
}

function readInterval(reader: QueryReader): number | undefined {
  const text = reader.text('interval');
  if (text === undefined) return undefined;
  const interval = parseInterval(text);
  if (interval !== undefined) return interval;
  return reader.refuse(
    'interval',
    'interval must be a whole number of seconds, minutes, hours or days, such as 30s, 5m, 1h, 1d',
  );
}
