import type { Database } from 'better-sqlite3';
import type { Execute, Row, SqlValue } from '../sql/dialect.ts';

/** Runs statements on a connection, each prepared once. */
export function createExecute(db: Database): Execute {
  const prepare = (sql: string) => db.prepare<SqlValue[], Row>(sql);
  const prepared = new Map<string, ReturnType<typeof prepare>>();
  return async ({ sql, values }) => {
    let statement = prepared.get(sql);
    if (statement === undefined) {
      statement = prepare(sql);
      prepared.set(sql, statement);
    }
    if (statement.reader) return statement.all(...values);
    statement.run(...values);
    return [];
  };
}
