import { validationError } from '../../../domain/errors.ts';
import type { Postgres, Row, Statements } from '../../postgres/postgres.ts';
import type { HistoryMeasure, HistoryPoint, HistoryQuery, ReadOptions } from '../port.ts';
import { bucketSql } from './aggregate-sql.ts';
import { millisecondsSql } from './event-row.ts';
import { filterSql } from './filter-sql.ts';
import { doubleSql } from './property-sql.ts';
import { responseTimeSql } from './response-time-sql.ts';
import { isOfWholeMinutes, rollUpRange, totalsSql } from './roll-ups.ts';
import { inSnapshot } from './snapshot.ts';
import { SqlParameters } from './sql-parameters.ts';
import { hasUserBitmaps, usersByInterval } from './user-days.ts';

const mostPoints = 100_000;

/**
 * Measures by interval. From the roll-ups where they have what is asked for: all events of a project, by whole minutes,
 * and their users by whole quarter-hours.
 */
export function readHistory(
  postgres: Postgres,
  query: HistoryQuery,
  options: ReadOptions,
): Promise<readonly HistoryPoint[]> {
  const { filter, interval, measures = ['users'] } = query;
  return inSnapshot(postgres, filter, options, async (statements) => {
    const minutes = rollUpRange(filter);
    const fromRollUps =
      minutes !== null &&
      isOfWholeMinutes(interval) &&
      measures.every((measure) => measure === 'users' && hasUserBitmaps(query));
    if (!fromRollUps) return fromEvents(statements, query, measures);
    const parameters = new SqlParameters();
    const points = await readPoints(
      statements,
      `select ${bucketSql(interval, parameters)} as start, sum(events) as events, sum(errors) as errors ` +
        `from (${totalsSql(filter, minutes, parameters)}) as totals group by 1`,
      parameters,
      [],
    );
    if (!measures.includes('users')) return points;
    const users = await usersByInterval(statements, query, points);
    return points.map((point) => ({ ...point, uniqueUsers: users.get(point.timestamp) ?? 0 }));
  });
}

/** What each measure adds to the columns of a history. */
const measureColumns: Readonly<Record<HistoryMeasure, readonly string[]>> = {
  users: ['count(distinct user_id) as users'],
  sessions: ['count(distinct session_id) as sessions'],
  response_time: ['count(seconds) as timed', `${doubleSql('sum(seconds::numeric)')} as seconds`],
  response_time_quantiles: [
    'percentile_disc(array[0.5 + 1e-12, 0.95 + 1e-12, 0.99 + 1e-12]) within group (order by seconds) as quantiles',
  ],
};

function fromEvents(
  statements: Statements,
  { filter, interval }: HistoryQuery,
  measures: readonly HistoryMeasure[],
): Promise<HistoryPoint[]> {
  const parameters = new SqlParameters();
  const start = bucketSql(interval, parameters);
  const onlyUsers = measures.length === 1 && measures[0] === 'users';
  if (onlyUsers) {
    // A user who comes back in an interval is counted once, by adding up users first.
    const perUser =
      `select ${start} as start, user_id, count(*) as events, count(*) filter (where is_error) as errors ` +
      `from events where ${filterSql(filter, parameters)} group by 1, 2`;
    const sql =
      'select start, sum(events) as events, count(user_id) as users, sum(errors) as errors ' +
      `from (${perUser}) as users group by start`;
    return readPoints(statements, sql, parameters, measures);
  }
  const timed = measures.some((measure) => measure.startsWith('response_time'));
  const rows =
    `select ${start} as start, user_id, session_id, is_error${timed ? `, ${responseTimeSql(parameters)} as seconds` : ''} ` +
    `from events where ${filterSql(filter, parameters)}`;
  const columns = measures.flatMap((measure) => measureColumns[measure]);
  const sql = `select ${['start', 'count(*) as events', 'count(*) filter (where is_error) as errors', ...columns].join(', ')} from (${rows}) as rows group by start`;
  return readPoints(statements, sql, parameters, measures);
}

async function readPoints(
  statements: Statements,
  bySql: string,
  parameters: SqlParameters,
  measures: readonly HistoryMeasure[],
): Promise<HistoryPoint[]> {
  const columns = measures.map((measure) => readColumns[measure]);
  const sql =
    `select ${[`${millisecondsSql('start')} as start`, 'events::float8', 'errors::float8', ...columns].join(', ')} ` +
    `from (${bySql}) as points order by points.start limit ${parameters.add('bigint', mostPoints + 1)}`;
  const { rows } = await statements.query(sql, parameters.values);
  if (rows.length > mostPoints) {
    const message = `the history has more than ${mostPoints} points; choose a longer interval`;
    throw validationError([{ field: 'interval', message }]);
  }
  return rows.map((row) => readPoint(row, measures));
}

const readColumns: Readonly<Record<HistoryMeasure, string>> = {
  users: 'users::float8',
  sessions: 'sessions::float8',
  response_time: 'timed::float8, seconds::float8',
  response_time_quantiles: 'quantiles[1] as p50, quantiles[2] as p95, quantiles[3] as p99',
};

function readPoint(row: Row, measures: readonly HistoryMeasure[]): HistoryPoint {
  const has = (measure: HistoryMeasure): boolean => measures.includes(measure);
  const quantile = (value: unknown): number | null => (typeof value === 'number' ? value : null);
  return {
    timestamp: Number(row.start),
    events: Number(row.events),
    errors: Number(row.errors),
    ...(has('users') ? { uniqueUsers: Number(row.users) } : {}),
    ...(has('sessions') ? { uniqueSessions: Number(row.sessions) } : {}),
    ...(has('response_time')
      ? { responseTime: { count: Number(row.timed), sum: Number(row.seconds ?? 0) } }
      : {}),
    ...(has('response_time_quantiles')
      ? { responseTimeQuantiles: { p50: quantile(row.p50), p95: quantile(row.p95), p99: quantile(row.p99) } }
      : {}),
  };
}
