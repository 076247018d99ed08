import type { AggregationMetric } from '@streamflow/contracts';
import { AggregateEventsQuery, aggregationMetrics, groupableFields } from '@streamflow/contracts';
import type { AggregationQuery, GroupKey } from '../../domain/queries/event-query.ts';
import { parseInterval } from '../../domain/queries/interval.ts';
import { formatPropertyPath, parsePropertyPath } from '../../domain/queries/property-path.ts';
import { readEventFilter } from './parse-event-filter.ts';
import type { QueryReader } from './query-reader.ts';
import { createQueryReader } from './query-reader.ts';

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

function readField(reader: QueryReader, metric: AggregationMetric): AggregationQuery['field'] {
  const text = reader.text('field');
  const needed = metric !== 'count' && metric !== 'unique_users';
  if (text === undefined)
    return needed ? reader.refuse('field', `metric ${metric} needs field=data.<path>`) : undefined;
  if (!needed) return reader.refuse('field', `metric ${metric} takes no field`);
  return reader.collect(() => parsePropertyPath(text, 'field'));
}

function readGroupBy(reader: QueryReader): readonly GroupKey[] {
  const texts = reader.list('group_by')?.flatMap(splitAtCommas) ?? [];
  if (texts.length > 2) reader.refuse('group_by', 'group_by takes at most two keys');
  const keys = texts.slice(0, 2).flatMap((text) => readGroupKey(reader, text) ?? []);
  const [first, second] = keys.map((key) =>
    key.kind === 'field' ? key.field : formatPropertyPath(key.path),
  );
  if (second !== undefined && first === second)
    reader.refuse('group_by', 'group_by takes two different keys');
  return keys;
}

function readGroupKey(reader: QueryReader, text: string): GroupKey | undefined {
  const field = groupableFields.find((name) => name === text);
  if (field !== undefined) return { kind: 'field', field: field === 'tags' ? 'tag' : field };
  const allowed = [...groupableFields, 'data.<path>'];
  if (!text.startsWith('data.'))
    return reader.refuse('group_by', `group_by must be one of ${allowed.join(', ')}`, allowed);
  const path = reader.collect(() => parsePropertyPath(text, 'group_by'));
  return path === undefined ? undefined : { kind: 'property', path };
}

/** Splits at commas, but not at those within a quoted key: `type,data."a,b"`. */
function splitAtCommas(text: string): string[] {
  const parts: string[] = [];
  let from = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (quoted && character === '\\') at++;
    else if (character === '"') quoted = !quoted;
    else if (character === ',' && !quoted) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  parts.push(text.slice(from));
  return parts;
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
