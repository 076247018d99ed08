import type { Event } from '@streamflow/contracts';
import type { EventFilter, EventListQuery, EventOrder } from '../../../domain/queries/event-query.ts';
import type { Postgres, Statements } from '../../postgres/postgres.ts';
import { exportBySlices, pageOf, type Slice, sliceOfPage } from '../event-pages.ts';
import { readEventRow } from '../event-row.ts';
import type { EventPage, ReadOptions } from '../port.ts';
import { eventColumns } from './event-row.ts';
import { filterSql } from './filter-sql.ts';
import { rollUpRange, totalsSql } from './roll-ups.ts';
import { inSnapshot } from './snapshot.ts';
import { SqlParameters } from './sql-parameters.ts';

const eventThroughIds =
  `select ${eventColumns} from events where project = $1 and id = $2::uuid ` +
  'and timestamp = (select timestamp from event_ids where project = $1 and id = $2::uuid)';
/** In every partition: what is older than the horizon. */
const eventById = `select ${eventColumns} from events where project = $1 and id = $2::uuid limit 1`;

export async function getEvent(postgres: Postgres, project: string, id: string): Promise<Event | null> {
  for (const sql of [eventThroughIds, eventById]) {
    const { rows } = await postgres.query(sql, [project, id]);
    if (rows[0] !== undefined) return readEventRow(rows[0]);
  }
  return null;
}

export async function listEvents(
  postgres: Postgres,
  query: EventListQuery,
  options: ReadOptions,
): Promise<EventPage> {
  const [total, found] = await inSnapshot(postgres, query.filter, options, async (statements) => [
    await countEvents(statements, query.filter),
    await readSlice(statements, sliceOfPage(query)),
  ]);
  return pageOf(query, total, found);
}

export const exportEvents = (
  postgres: Postgres,
  query: { filter: EventFilter; order: EventOrder; limit?: number },
  options: ReadOptions,
): AsyncGenerator<readonly Event[]> =>
  exportBySlices(query, (slice) =>
    inSnapshot(postgres, slice.filter, options, (statements) => readSlice(statements, slice)),
  );

async function countEvents({ query }: Statements, filter: EventFilter): Promise<number> {
  const parameters = new SqlParameters();
  const range = rollUpRange(filter);
  const sql =
    range === null
      ? `select count(*)::float8 as total from events where ${filterSql(filter, parameters)}`
      : `select sum(events)::float8 as total from (${totalsSql(filter, range, parameters)}) as totals`;
  const { rows } = await query(sql, parameters.values);
  return Number(rows[0]?.total ?? 0);
}

async function readSlice({ query }: Statements, slice: Slice): Promise<Event[]> {
  const parameters = new SqlParameters();
  const { rows } = await query(sliceSql(slice, parameters), parameters.values);
  return rows.map(readEventRow);
}

/** In the order of the primary key, so that reading stops at the limit. */
function sliceSql(slice: Slice, parameters: SqlParameters): string {
  const conditions = [filterSql(slice.filter, parameters)];
  if (slice.after !== undefined) {
    const { timestamp, id } = slice.after;
    const time = parameters.addTime(timestamp);
    const [atOrBeyond, beyond] = slice.order === 'asc' ? ['>=', '>'] : ['<=', '<'];
    // The first condition says no more than the second, but is one by which partitions are left out.
    conditions.push(`timestamp ${atOrBeyond} ${time}`);
    conditions.push(`(timestamp, id) ${beyond} (${time}, ${parameters.add('uuid', id)})`);
  }
  return (
    `select ${eventColumns} from events where ${conditions.join(' and ')} ` +
    `order by project ${slice.order}, timestamp ${slice.order}, id ${slice.order} ` +
    `limit ${parameters.add('bigint', slice.limit)} offset ${parameters.add('bigint', slice.offset ?? 0)}`
  );
}
