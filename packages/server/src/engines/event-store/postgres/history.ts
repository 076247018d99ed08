import { validationError } from '../../../domain/errors.ts';
import type { Postgres, Statements } from '../../postgres/postgres.ts';
import type { HistoryPoint, HistoryQuery, ReadOptions } from '../port.ts';
import { bucketSql } from './aggregate-sql.ts';
import { millisecondsSql } from './event-row.ts';
import { filterSql } from './filter-sql.ts';
import { rollUpRange, totalsSql } from './roll-ups.ts';
import { inSnapshot } from './snapshot.ts';
import { SqlParameters } from './sql-parameters.ts';
import { hasUserBitmaps, usersByInterval } from './user-days.ts';

const mostPoints = 100_000;

/**
 * Events, users and errors by interval. From the roll-ups where they have what is asked for: all events of a project,
 * in intervals of whole quarter-hours that fit into a day, or of days.
 */
export function readHistory(
  postgres: Postgres,
  query: HistoryQuery,
  options: ReadOptions,
): Promise<readonly HistoryPoint[]> {
  return inSnapshot(postgres, query.filter, options, async (statements) => {
    const minutes = rollUpRange(query.filter);
    if (minutes === null || !hasUserBitmaps(query)) return fromEvents(statements, query);
    const parameters = new SqlParameters();
    const points = await readPoints(
      statements,
      `select ${bucketSql(query.interval, parameters)} as start, sum(events) as events, 0 as users, sum(errors) as errors ` +
        `from (${totalsSql(query.filter, minutes, parameters)}) as totals group by 1`,
      parameters,
    );
    const users = await usersByInterval(statements, query, points);
    return points.map((point) => ({ ...point, uniqueUsers: users.get(point.timestamp) ?? 0 }));
  });
}

/** In one pass; a user who comes back in an interval is counted once, by adding up users first. */
function fromEvents(statements: Statements, { filter, interval }: HistoryQuery): Promise<HistoryPoint[]> {
  const parameters = new SqlParameters();
  const perUser =
    `select ${bucketSql(interval, parameters)} as start, user_id, count(*) as events, ` +
    `count(*) filter (where is_error) as errors from events where ${filterSql(filter, parameters)} group by 1, 2`;
  return readPoints(
    statements,
    `select start, sum(events) as events, count(user_id) as users, sum(errors) as errors ` +
      `from (${perUser}) as users group by start`,
    parameters,
  );
}

async function readPoints(
  statements: Statements,
  bySql: string,
  parameters: SqlParameters,
): Promise<HistoryPoint[]> {
  const sql =
    `select ${millisecondsSql('start')} as start, events::float8, users::float8, errors::float8 ` +
    `from (${bySql}) as points order by points.start limit ${parameters.add('bigint', mostPoints + 1)}`;
  const { rows } = await statements.query(sql, parameters.values);
  if (rows.length > mostPoints) {
    const message = `the history has more than ${mostPoints} points; choose a longer interval`;
    throw validationError([{ field: 'interval', message }]);
  }
  return rows.map((row) => ({
    timestamp: Number(row.start),
    events: Number(row.events),
    uniqueUsers: Number(row.users),
    errors: Number(row.errors),
  }));
}
