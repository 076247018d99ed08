import { validationError } from '../../../domain/errors.ts';
import type { EventFilter } from '../../../domain/queries/event-query.ts';
import type { HistoryPoint, HistoryQuery, ReadOptions } from '../port.ts';
import { bucketSql } from './aggregate-sql.ts';
import { filterSql } from './filter-sql.ts';
import { defaultSliceSizes, type SliceSizes, sliceFilter } from './history-slices.ts';
import { type Reading, read } from './reading.ts';
import { SqlParameters } from './sql-parameters.ts';
import { exceededMemory, type Row, type Statements } from './statements.ts';

const mostPoints = 100_000;

/**
 * How users are counted, exactly both ways. `listed`: all of an interval in a list, and its different ones at the end
 * with one table for all intervals, which stays in the processor's cache: a quarter less work than a set for each
 * interval, for the memory of every event. `sets`: the memory of the different users of every interval.
 */
const usersSql = { listed: 'arrayUniq(groupArray(user_id))', sets: 'uniqExact(user_id)' } as const;
type UserCounting = keyof typeof usersSql;

/** Events, users and errors by interval, in one pass over the events. */
export async function readHistory(
  statements: Statements,
  { filter, interval }: HistoryQuery,
  { signal }: ReadOptions,
  sizes: SliceSizes = defaultSliceSizes,
): Promise<readonly HistoryPoint[]> {
  return read(statements, filter, filter.properties !== undefined, signal, async (reading) => {
    const whole = (): Promise<Row[]> => {
      const { sql, parameters } = historySql(filter, interval, 'sets', reading);
      return statements.rows(sql, parameters, { signal, settings: reading.settings });
    };
    const part = (slice: EventFilter): Promise<Row[]> => {
      const { sql, parameters } = historySql(slice, interval, 'listed', reading);
      return statements.rows(sql, parameters, { signal, settings: { ...reading.settings, max_threads: 1 } });
    };
    const slices = sliceFilter(filter, interval, await countInTime(statements, filter, signal), sizes);
    const rows =
      slices.length === 1
        ? await whole()
        : await askInOrder(slices, sizes.atOnce, part).catch((error: unknown) => {
            // Where events crowd into one slice, their users take less memory than they do.
            if (exceededMemory(error)) return whole();
            throw error;
          });
    if (rows.length > mostPoints) {
      const message = `the history has more than ${mostPoints} points; choose a longer interval`;
      throw validationError([{ field: 'interval', message }]);
    }
    return rows.map((row) => ({
      timestamp: Number(row.bucket),
      events: Number(row.events),
      uniqueUsers: Number(row.users),
      errors: Number(row.errors),
    }));
  });
}

function historySql(
  filter: EventFilter,
  interval: number,
  counting: UserCounting,
  reading: Reading,
): { sql: string; parameters: SqlParameters['values'] } {
  const parameters = new SqlParameters();
  const sql =
    `SELECT ${bucketSql(interval, parameters)} AS bucket, count() AS events, ${usersSql[counting]} AS users, ` +
    `sum(is_error) AS errors FROM events WHERE ${filterSql(filter, parameters, reading)} ` +
    `GROUP BY bucket ORDER BY bucket LIMIT ${parameters.add('UInt32', mostPoints + 1)}`;
  return { sql, parameters: parameters.values };
}

/** All events in the time of a filter, by the primary key alone; 0 where that is not bounded. */
async function countInTime(
  statements: Statements,
  { project, start, end }: EventFilter,
  signal: AbortSignal | undefined,
): Promise<number> {
  if (start === undefined || end === undefined) return 0;
  const parameters = new SqlParameters();
  const where = filterSql({ project, start, end }, parameters, { promoted: true });
  const sql = `SELECT count() AS events FROM events WHERE ${where}`;
  const [row] = await statements.rows(sql, parameters.values, { signal });
  return Number(row?.events ?? 0);
}

/** The rows of all slices, in their order, so many statements at a time. */
async function askInOrder(
  slices: readonly EventFilter[],
  atOnce: number,
  ask: (slice: EventFilter) => Promise<Row[]>,
): Promise<Row[]> {
  const rows: Row[][] = [];
  const waiting = [...slices.entries()];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [position, slice] = next;
      try {
        rows[position] = await ask(slice);
      } catch (error) {
        // The answer is lost already.
        waiting.length = 0;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return rows.flat();
}
