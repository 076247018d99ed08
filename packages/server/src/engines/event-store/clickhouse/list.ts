import type { Event } from '@streamflow/contracts';
import type {
  EventFilter,
  EventListQuery,
  EventOrder,
  EventPosition,
} from '../../../domain/queries/event-query.ts';
import type { EventPage, ReadOptions } from '../port.ts';
import { eventColumns, readEventRow } from './event-row.ts';
import { filterSql, momentSql } from './filter-sql.ts';
import { type Reading, read } from './reading.ts';
import { SqlParameters } from './sql-parameters.ts';
import type { Statements } from './statements.ts';

interface Slice {
  readonly filter: EventFilter;
  readonly order: EventOrder;
  readonly limit: number;
  readonly offset?: number | undefined;
  readonly after?: EventPosition | undefined;
}

export async function getEvent(statements: Statements, project: string, id: string): Promise<Event | null> {
  const sql = `SELECT ${eventColumns} FROM events WHERE project = {project:String} AND toUInt128(id) = toUInt128({id:UUID}) LIMIT 1`;
  const [row] = await statements.rows(sql, { project, id });
  return row === undefined ? null : readEventRow(row);
}

export async function listEvents(
  statements: Statements,
  query: EventListQuery,
  options: ReadOptions,
): Promise<EventPage> {
  // One more than asked for tells whether there is a next page.
  const [total, found] = await Promise.all([
    countEvents(statements, query.filter, options),
    readSlice(statements, { ...query, limit: query.limit + 1 }, options),
  ]);
  const events = found.slice(0, query.limit);
  const last = events.at(-1);
  const next =
    found.length > query.limit && last !== undefined
      ? { timestamp: Date.parse(last.timestamp), id: last.id }
      : null;
  return { events, total, next };
}

// Pages are small while the size of the events is unknown, and as large as some megabytes allow afterwards.
const firstPage = 200;
const largestPage = 5000;
const pageBytes = 4 * 1024 * 1024;

/**
 * Pages by position instead of one long query: a consumer may take its time without holding a connection, and memory
 * is bounded by the page.
 */
export async function* exportEvents(
  statements: Statements,
  query: { filter: EventFilter; order: EventOrder; limit?: number },
  options: ReadOptions,
): AsyncGenerator<readonly Event[]> {
  let left = query.limit ?? Number.POSITIVE_INFINITY;
  let size = firstPage;
  let after: EventPosition | undefined;
  while (left > 0) {
    const wanted = Math.min(size, left);
    const { filter, order } = query;
    const events = await readSlice(statements, { filter, order, limit: wanted, after }, options);
    const last = events.at(-1);
    if (last === undefined) return;
    yield events;
    if (events.length < wanted) return;
    left -= events.length;
    after = { timestamp: Date.parse(last.timestamp), id: last.id };
    const averageBytes = JSON.stringify(events).length / events.length;
    size = Math.max(1, Math.min(largestPage, Math.floor(pageBytes / averageBytes)));
  }
}

async function countEvents(
  statements: Statements,
  filter: EventFilter,
  { signal }: ReadOptions,
): Promise<number> {
  return read(statements, filter, filter.properties !== undefined, signal, async (reading) => {
    const parameters = new SqlParameters();
    const sql = `SELECT count() AS total FROM events WHERE ${filterSql(filter, parameters, reading)}`;
    const [row] = await statements.rows(sql, parameters.values, { signal, settings: reading.settings });
    return Number(row?.total ?? 0);
  });
}

async function readSlice(statements: Statements, slice: Slice, { signal }: ReadOptions): Promise<Event[]> {
  const { filter } = slice;
  return read(statements, filter, filter.properties !== undefined, signal, async (reading) => {
    const parameters = new SqlParameters();
    const sql = sliceSql(slice, parameters, reading);
    const rows = await statements.rows(sql, parameters.values, { signal, settings: reading.settings });
    return rows.map(readEventRow);
  });
}

function sliceSql(slice: Slice, parameters: SqlParameters, reading: Reading): string {
  const conditions = [filterSql(slice.filter, parameters, reading)];
  if (slice.after !== undefined) conditions.push(afterSql(slice.after, slice.order, parameters));
  const order = slice.order === 'asc' ? 'ASC' : 'DESC';
  return (
    `SELECT ${eventColumns} FROM events WHERE ${conditions.join(' AND ')} ` +
    `ORDER BY timestamp ${order}, toUInt128(id) ${order} ` +
    `LIMIT ${parameters.add('UInt64', slice.limit)} OFFSET ${parameters.add('UInt64', slice.offset ?? 0)}`
  );
}

function afterSql(position: EventPosition, order: EventOrder, parameters: SqlParameters): string {
  const beyond = order === 'asc' ? '>' : '<';
  const time = momentSql(parameters, position.timestamp);
  const id = `toUInt128(${parameters.add('UUID', position.id)})`;
  return `(timestamp ${beyond} ${time} OR (timestamp = ${time} AND toUInt128(id) ${beyond} ${id}))`;
}
