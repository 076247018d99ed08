import type { AggregationMetric } from '@streamflow/contracts';
import {
  AggregateEventsQuery,
  aggregationMetrics,
  ExportEventsQuery,
  eventFilterProperties,
  groupableFields,
  ListEventsQuery,
} from '@streamflow/contracts';
import { validationError } from '../../domain/errors.ts';
import type {
  AggregationQuery,
  EventFilter,
  EventListQuery,
  EventOrder,
  GroupKey,
} from '../../domain/queries/event-query.ts';
import { formatPropertyPath, parsePropertyPath } from '../../domain/queries/property-path.ts';
import { parseEventCursor } from './event-cursor.ts';
import { readEventFilter } from './parse-event-filter.ts';
import type { QueryReader } from './query-reader.ts';
import { createQueryReader } from './query-reader.ts';

/** Events that pages by number reach; whoever reads deeper passes the cursor, which costs the same at any depth. */
export const maxOffset = 100_000;
/** Points of a series. */
export const maxBuckets = 10_000;
/** Values of a grouped series: points times groups. */
export const maxSeriesValues = 1_000_000;

const defaultLimit = 100;
const maxLimit = 1000;
const orders = ['desc', 'asc'] as const satisfies readonly EventOrder[];
const formats = ['ndjson', 'csv'] as const;

export interface ListRequest {
  readonly query: EventListQuery;
  /** Counted from 1, along pages or along cursors. */
  readonly page: number;
}

export interface ExportRequest {
  readonly filter: EventFilter;
  readonly order: EventOrder;
  readonly limit?: number;
  readonly format: (typeof formats)[number];
}

/** Reads the parameters of `GET /events`; throws the ValidationError of all that is wrong with them. */
export function parseListQuery(parameters: unknown, project: string): ListRequest {
  const reader = createQueryReader(parameters);
  const filter = readEventFilter(reader, project, ownParameters(ListEventsQuery));
  const order = reader.oneOf('order', orders);
  const page = reader.integer('page', 1, 1_000_000) ?? 1;
  const limit = reader.integer('limit', 1, maxLimit) ?? defaultLimit;
  const cursorText = reader.text('cursor');
  const offset = (page - 1) * limit;
  if (offset > maxOffset)
    reader.refuse(
      'page',
      `page ${page} of ${limit} is beyond the first ${maxOffset} events; to read deeper pass cursor=pagination.next_cursor of the page before`,
    );
  if (cursorText !== undefined && page > 1) reader.refuse('page', 'page and cursor exclude each other');
  // A filter that is not whole would make any cursor look like that of another query.
  reader.finish();
  if (cursorText === undefined) return { query: { filter, order: order ?? 'desc', limit, offset }, page };

  const cursor = parseEventCursor(cursorText, filter);
  if (cursor !== null && (order ?? cursor.order) === cursor.order)
    return { query: { filter, order: cursor.order, limit, after: cursor.after }, page: cursor.page };
  throw validationError([
    {
      field: 'cursor',
      message: 'cursor must be a next_cursor of a query with the same filters and order',
    },
  ]);
}

/** Reads the parameters of `GET /events/export`. */
export function parseExportQuery(parameters: unknown, project: string): ExportRequest {
  const reader = createQueryReader(parameters);
  const filter = readEventFilter(reader, project, ownParameters(ExportEventsQuery));
  const order = reader.oneOf('order', orders) ?? 'desc';
  const format = reader.oneOf('format', formats) ?? 'ndjson';
  const limit = reader.integer('limit', 1, Number.MAX_SAFE_INTEGER);
  reader.finish();
  return { filter, order, format, ...(limit === undefined ? {} : { limit }) };
}

/** Reads the parameters of `GET /events/aggregations`. */
export function parseAggregationQuery(parameters: unknown, project: string): AggregationQuery {
  const reader = createQueryReader(parameters);
  const filter = readEventFilter(reader, project, ownParameters(AggregateEventsQuery));
  const metric = reader.oneOf('metric', aggregationMetrics) ?? 'count';
  const field = readField(reader, metric);
  const groupBy = readGroupBy(reader);
  const interval = readInterval(reader);
  const limit = reader.integer('limit', 1, maxLimit) ?? defaultLimit;
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
  if (field !== undefined) return { kind: 'field', field };
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

const intervalUnits = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

function readInterval(reader: QueryReader): number | undefined {
  const text = reader.text('interval');
  if (text === undefined) return undefined;
  const [, count, unit = ''] = /^([1-9][0-9]{0,5})([smhd])$/.exec(text) ?? [];
  const unitMs = intervalUnits.get(unit);
  if (unitMs !== undefined) return Number(count) * unitMs;
  return reader.refuse(
    'interval',
    'interval must be a whole number of seconds, minutes, hours or days, such as 30s, 5m, 1h, 1d',
  );
}

const filterNames = new Set(Object.keys(eventFilterProperties));

function ownParameters(schema: { readonly properties: object }): readonly string[] {
  return Object.keys(schema.properties).filter((name) => !filterNames.has(name));
}
