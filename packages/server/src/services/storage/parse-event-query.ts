import { ExportEventsQuery, ListEventsQuery } from '@streamflow/contracts';
import { validationError } from '../../domain/errors.ts';
import type { EventFilter, EventListQuery, EventOrder } from '../../domain/queries/event-query.ts';
import { readEventFilter } from '../../domain/queries/parse-event-filter.ts';
import { createQueryReader } from '../../domain/queries/query-reader.ts';
import { parseEventCursor } from './event-cursor.ts';

/** Events that pages by number reach; whoever reads deeper passes the cursor, which costs the same at any depth. */
const maxOffset = 100_000;
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
  const filter = readEventFilter(reader, project, ListEventsQuery);
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
  const filter = readEventFilter(reader, project, ExportEventsQuery);
  const order = reader.oneOf('order', orders) ?? 'desc';
  const format = reader.oneOf('format', formats) ?? 'ndjson';
  const limit = reader.integer('limit', 1, Number.MAX_SAFE_INTEGER);
  reader.finish();
  return { filter, order, format, ...(limit === undefined ? {} : { limit }) };
}
