import type { Event } from '@streamflow/contracts';
import type {
  EventFilter,
  EventListQuery,
  EventOrder,
  EventPosition,
} from '../../../domain/queries/event-query.ts';
import type { Postgres, Statements } from '../../postgres/postgres.ts';
import type { EventPage, ReadOptions } from '../port.ts';
import { eventColumns, readEventRow } from './event-row.ts';
import { filterSql } from './filter-sql.ts';
import { rollUpRange, totalsSql } from './roll-ups.ts';
import { inSnapshot } from './snapshot.ts';
import { SqlParameters } from './sql-parameters.ts';

interface Slice {
  readonly filter: EventFilter;
  readonly order: EventOrder;
  readonly limit: number;
  readonly offset?: number | undefined;
  readonly after?: EventPosition | undefined;
}

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
    // One more than asked for tells whether there is a next page.
    await readSlice(statements, { ...query, limit: query.limit + 1 }),
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
 * Pages by position instead of a cursor of the server: a consumer may take its time without holding a connection and a
 * transaction, and memory is bounded by the page.
 */
export async function* exportEvents(
  postgres: Postgres,
  query: { filter: EventFilter; order: EventOrder; limit?: number },
  options: ReadOptions,
): AsyncGenerator<readonly Event[]> {
  let left = query.limit ?? Number.POSITIVE_INFINITY;
  let size = firstPage;
  let after: EventPosition | undefined;
  while (left > 0) {
    const wanted = Math.min(size, left);
    const { filter, order } = query;
    const events = await inSnapshot(postgres, filter, options, (statements) =>
      readSlice(statements, { filter, order, limit: wanted, after }),
    );
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
