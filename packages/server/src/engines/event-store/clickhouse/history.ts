import { validationError } from '../../../domain/errors.ts';
import type { HistoryPoint, HistoryQuery, ReadOptions } from '../port.ts';
import { bucketSql } from './aggregate-sql.ts';
import { filterSql } from './filter-sql.ts';
import { read } from './reading.ts';
import { SqlParameters } from './sql-parameters.ts';
import type { Statements } from './statements.ts';

const mostPoints = 100_000;

/** Events, users and errors by interval, in one pass over the events. */
export async function readHistory(
  statements: Statements,
  { filter, interval }: HistoryQuery,
  { signal }: ReadOptions,
): Promise<readonly HistoryPoint[]> {
  return read(statements, filter, filter.properties !== undefined, signal, async (reading) => {
    const parameters = new SqlParameters();
    const sql =
      `SELECT ${bucketSql(interval, parameters)} AS bucket, count() AS events, uniqExact(user_id) AS users, ` +
      `sum(is_error) AS errors FROM events WHERE ${filterSql(filter, parameters, reading)} ` +
      `GROUP BY bucket ORDER BY bucket LIMIT ${parameters.add('UInt32', mostPoints + 1)}`;
    const rows = await statements.rows(sql, parameters.values, { signal, settings: reading.settings });
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
