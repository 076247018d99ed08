import { validationError } from '../../../domain/errors.ts';
import type { EventFilter } from '../../../domain/queries/event-query.ts';
import type { HistoryMeasure, HistoryPoint, HistoryQuery, ReadOptions } from '../port.ts';
import { bucketSql } from './aggregate-sql.ts';
import { filterSql } from './filter-sql.ts';
import { defaultSliceSizes, type SliceSizes, sliceFilter } from './history-slices.ts';
import { type Reading, read } from './reading.ts';
import { responseTimeSql } from './response-time-sql.ts';
import { SqlParameters } from './sql-parameters.ts';
import { exceededMemory, type Row, type Statements } from './statements.ts';

const mostPoints = 100_000;

/**
 * How users and sessions are counted, exactly both ways. `listed`: all of an interval in a list, and its different ones at
 * the end with one table for all intervals, which stays in the processor's cache: a quarter less work than a set for each
 * interval, for the memory of every event. `sets`: the memory of the different ones of every interval. Quantiles need the
 * memory of every event too, and are sketches where that is not there.
 */
type Counting = 'listed' | 'sets';

const differentSql = (counting: Counting, column: string): string =>
  counting === 'listed' ? `arrayUniq(groupArray(${column}))` : `uniqExact(${column})`;

const sketchError = 0.005;

/** What each measure adds to the columns of a history. */
const measureSql: Readonly<
  Record<HistoryMeasure, (counting: Counting, parameters: SqlParameters, reading: Reading) => string>
> = {
  users: (counting) => `${differentSql(counting, 'user_id')} AS users`,
  sessions: (counting) => `${differentSql(counting, 'session_id')} AS sessions`,
  response_time: (_, parameters, { promoted }) => {
    const seconds = responseTimeSql(parameters, promoted);
    return `count(${seconds}) AS timed, sum(${seconds}) AS seconds`;
  },
  response_time_quantiles: (counting, parameters, { promoted }) => {
    const quantiles = counting === 'listed' ? 'quantilesExactOrNull(' : `quantilesDDOrNull(${sketchError}, `;
    return `${quantiles}0.5, 0.95, 0.99)(${responseTimeSql(parameters, promoted)}) AS quantiles`;
  },
};

/** Measures by interval, in one pass over the events. */
export async function readHistory(
  statements: Statements,
  { filter, interval, measures = ['users'] }: HistoryQuery,
  { signal }: ReadOptions,
  sizes: SliceSizes = defaultSliceSizes,
): Promise<readonly HistoryPoint[]> {
  const readsProperties =
    filter.properties !== undefined || measures.some((measure) => measure.startsWith('response_time'));
  return read(statements, filter, readsProperties, signal, async (reading) => {
    const ask = (part: EventFilter, counting: Counting, threads: Record<string, number>): Promise<Row[]> => {
      const { sql, parameters } = historySql({ filter: part, interval, measures }, counting, reading);
      return statements.rows(sql, parameters, { signal, settings: { ...reading.settings, ...threads } });
    };
    const sets = (): Promise<Row[]> => ask(filter, 'sets', {});
    const slices = sliceFilter(filter, interval, await countInTime(statements, filter, signal), sizes);
    const whole = measures.includes('response_time_quantiles') ? 'listed' : 'sets';
    const answer =
      slices.length === 1
        ? ask(filter, whole, {})
        : askInOrder(slices, sizes.atOnce, (slice) => ask(slice, 'listed', { max_threads: 1 }));
    const rows = await answer.catch((error: unknown) => {
      // Where events crowd into one slice, their users take less memory than they do.
      if (exceededMemory(error)) return sets();
      throw error;
    });
    if (rows.length > mostPoints) {
      const message = `the history has more than ${mostPoints} points; choose a longer interval`;
      throw validationError([{ field: 'interval', message }]);
    }
    return rows.map((row) => readPoint(row, measures));
  });
}

function historySql(
  { filter, interval, measures = [] }: HistoryQuery,
  counting: Counting,
  reading: Reading,
): { sql: string; parameters: SqlParameters['values'] } {
  const parameters = new SqlParameters();
  const columns = [
    `${bucketSql(interval, parameters)} AS bucket`,
    'count() AS events',
    'sum(is_error) AS errors',
    ...measures.map((measure) => measureSql[measure](counting, parameters, reading)),
  ];
  const sql =
    `SELECT ${columns.join(', ')} FROM events WHERE ${filterSql(filter, parameters, reading)} ` +
    `GROUP BY bucket ORDER BY bucket LIMIT ${parameters.add('UInt32', mostPoints + 1)}`;
  return { sql, parameters: parameters.values };
}

function readPoint(row: Row, measures: readonly HistoryMeasure[]): HistoryPoint {
  const has = (measure: HistoryMeasure): boolean => measures.includes(measure);
  const quantiles: readonly unknown[] = Array.isArray(row.quantiles) ? row.quantiles : [];
  const quantile = (i: number): number | null => {
    const value = quantiles[i];
    return typeof value === 'number' ? value : null;
  };
  return {
    timestamp: Number(row.bucket),
    events: Number(row.events),
    errors: Number(row.errors),
    ...(has('users') ? { uniqueUsers: Number(row.users) } : {}),
    ...(has('sessions') ? { uniqueSessions: Number(row.sessions) } : {}),
    ...(has('response_time')
      ? { responseTime: { count: Number(row.timed), sum: Number(row.seconds ?? 0) } }
      : {}),
    ...(has('response_time_quantiles')
      ? { responseTimeQuantiles: { p50: quantile(0), p95: quantile(1), p99: quantile(2) } }
      : {}),
  };
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
