import type { Database, Statement } from 'better-sqlite3';
import type { RecordBase, RecordKind, Stored } from '../../../domain/records/record-kind.ts';
import type { RecordFilter, RecordPage, RecordQuery, RecordRef } from '../port.ts';
import { columnsOf, type Row, type SqlValue, toRecord, toSql } from './rows.ts';

/** The reads of the port on one connection; synchronous, as SQLite is. */
export interface Reading {
  get<T>(kind: RecordKind<T>, ref: RecordRef): Stored<T> | null;
  find<T>(kind: RecordKind<T>, key: Readonly<Partial<T & RecordBase>>): Stored<T> | null;
  list<T>(kind: RecordKind<T>, query: RecordQuery<T>): RecordPage<T>;
  count<T>(kind: RecordKind<T>, filter: RecordFilter<T>): number;
}

export type Prepare = (sql: string) => Statement<SqlValue[], Row>;

/** Prepared statements by their text. Texts are made of the names in kinds alone, so there are few. */
export function createPrepare(db: Database): Prepare {
  const statements = new Map<string, Statement<SqlValue[], Row>>();
  return (sql) => {
    let statement = statements.get(sql);
    if (statement === undefined) {
      statement = db.prepare<SqlValue[], Row>(sql);
      statements.set(sql, statement);
    }
    return statement;
  };
}

export function createReading(prepare: Prepare): Reading {
  return {
    get(kind, ref) {
      const row = prepare(`select * from ${kind.name} where project = ? and id = ?`).get(ref.project, ref.id);
      return row === undefined ? null : toRecord(kind, row);
    },

    find(kind, key) {
      const given = Object.entries<unknown>(key);
      const names = given.map(([name]) => name);
      const declared = kind.unique.some(
        (set) => set.length === names.length && set.every((f) => names.includes(f)),
      );
      if (!declared) throw new TypeError(`${names.join(', ')} is not a unique key of ${kind.name}`);
      const row = prepare(
        `select * from ${kind.name} where ${names.map((name) => `${name} = ?`).join(' and ')}`,
      ).get(...given.map(([name, value]) => toSql(typeOf(kind, name), value)));
      return row === undefined ? null : toRecord(kind, row);
    },

    list(kind, query) {
      const column = query.orderBy ?? 'created_at';
      if (column !== 'created_at' && !kind.orders.some((name) => name === column))
        throw new TypeError(`${kind.name} cannot be ordered by ${column}`);
      const { sql, values } = filterSql(kind, query);
      const [direction, past] = query.direction === 'desc' ? ['desc', '<'] : ['asc', '>'];
      const after = query.after === undefined ? '' : ` and (${column}, id) ${past} (?, ?)`;
      if (query.after !== undefined) values.push(query.after.value, query.after.id);
      const rows = prepare(
        `select * from ${kind.name} where ${sql}${after} order by ${column} ${direction}, id ${direction} limit ? offset ?`,
      ).all(...values, query.limit + 1, query.skip ?? 0);
      const last = rows.length > query.limit ? rows[query.limit - 1] : undefined;
      const value = last?.[column];
      return {
        records: rows.slice(0, query.limit).map((row) => toRecord(kind, row)),
        next:
          last !== undefined && (typeof value === 'string' || typeof value === 'number')
            ? { value, id: last.id }
            : null,
      };
    },

    count(kind, filter) {
      const { sql, values } = filterSql(kind, filter);
      return Number(prepare(`select count(*) as count from ${kind.name} where ${sql}`).get(...values)?.count);
    },
  };
}

const typeOf = <T>(kind: RecordKind<T>, name: string) =>
  columnsOf(kind).find(([column]) => column === name)?.[1] ?? 'text';

function filterSql<T>(kind: RecordKind<T>, filter: RecordFilter<T>): { sql: string; values: SqlValue[] } {
  const conditions = ['project = ?'];
  const values: SqlValue[] = [filter.project];
  for (const [name, value] of Object.entries<unknown>(filter.where ?? {})) {
    if (!kind.filters.some((field) => field === name))
      throw new TypeError(`${kind.name} has no filter ${name}`);
    conditions.push(`${name} is ?`);
    values.push(toSql(typeOf(kind, name), value));
  }
  return { sql: conditions.join(' and '), values };
}
