import type { Event } from '@streamflow/contracts';
import type {
  EventFilter,
  EventListQuery,
  EventOrder,
  EventPosition,
} from '../../../domain/queries/event-query.ts';
import { exportBySlices, pageOf, type Slice, sliceOfPage } from '../event-pages.ts';
import { readEventRow } from '../event-row.ts';
import type { EventPage, ReadOptions } from '../port.ts';
import { eventColumns } from './event-row.ts';
import { filterSql, momentSql } from './filter-sql.ts';
import { type Reading, read } from './reading.ts';
import { SqlParameters } from './sql-parameters.ts';
import type { Statements } from './statements.ts';

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
  const [total, found] = await Promise.all([
    countEvents(statements, query.filter, options),
    readSlice(statements, sliceOfPage(query), options),
  ]);
  return pageOf(query, total, found);
}

export const exportEvents = (
  statements: Statements,
  query: { filter: EventFilter; order: EventOrder; limit?: number },
  options: ReadOptions,
): AsyncGenerator<readonly Event[]> =>
  exportBySlices(query, (slice) => readSlice(statements, slice, options));

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
