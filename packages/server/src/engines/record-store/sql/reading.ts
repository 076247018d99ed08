import type { RecordKind } from '../../../domain/records/record-kind.ts';
import type { RecordFilter, RecordReader } from '../port.ts';
import type { Dialect, Execute } from './dialect.ts';
import { toRecord } from './rows.ts';
import { Values } from './values.ts';

/** The reads of the port on one connection. Texts of statements are made of the names in kinds alone, so there are few. */
export function createReading(dialect: Dialect, execute: Execute): RecordReader {
  return {
    async get(kind, ref) {
      const values = new Values(dialect, kind);
      const sql = `select * from ${kind.name} where ${values.ref(ref)}`;
      const [row] = await execute({ sql, values: values.all });
      return row === undefined ? null : toRecord(kind, row);
    },

    async find(kind, key) {
      const given = Object.entries<unknown>(key);
      const names = given.map(([name]) => name);
      const declared = kind.unique.some(
        (set) => set.length === names.length && set.every((f) => names.includes(f)),
      );
      if (!declared) throw new TypeError(`${names.join(', ')} is not a unique key of ${kind.name}`);
      const values = new Values(dialect, kind);
      const conditions = given.map(([name, value]) => values.equals(name, value));
      const sql = `select * from ${kind.name} where ${conditions.join(' and ')}`;
      const [row] = await execute({ sql, values: values.all });
      return row === undefined ? null : toRecord(kind, row);
    },

    async list(kind, query) {
      const column = query.orderBy ?? 'created_at';
      expectOrder(kind, column);
      const values = new Values(dialect, kind);
      const conditions = filterConditions(kind, query, values);
      const [direction, past] = query.direction === 'desc' ? ['desc', '<'] : ['asc', '>'];
      const order = values.compared(column);
      if (query.after !== undefined) {
        const value = values.compared(column, values.add(column, query.after.value));
        conditions.push(`(${order}, id) ${past} (${value}, ${values.add('id', query.after.id)})`);
      }
      const limit = values.add('version', query.limit + 1);
      const skip = values.add('version', query.skip ?? 0);
      const rows = await execute({
        sql: `select * from ${kind.name} where ${conditions.join(' and ')} order by ${order} ${direction}, id ${direction} limit ${limit} offset ${skip}`,
        values: values.all,
      });
      const records = rows.slice(0, query.limit).map((row) => toRecord(kind, row));
      const last = rows.length > query.limit ? records.at(-1) : undefined;
      if (last === undefined) return { records, next: null };
      const value: unknown = last[column];
      return {
        records,
        next: typeof value === 'string' || typeof value === 'number' ? { value, id: last.id } : null,
      };
    },

    async count(kind, filter) {
      const values = new Values(dialect, kind);
      const conditions = filterConditions(kind, filter, values);
      const sql = `select count(*) as count from ${kind.name} where ${conditions.join(' and ')}`;
      const [row] = await execute({ sql, values: values.all });
      return Number(row?.count);
    },
  };
}

function filterConditions<T>(kind: RecordKind<T>, filter: RecordFilter<T>, values: Values<T>): string[] {
  const conditions = [values.equals('project', filter.project)];
  for (const [name, value] of Object.entries<unknown>(filter.where ?? {})) {
    if (!kind.filters.some((field) => field === name))
      throw new TypeError(`${kind.name} has no filter ${name}`);
    conditions.push(values.equals(name, value));
  }
  if (filter.range !== undefined) {
    const { field, from, to } = filter.range;
    expectOrder(kind, field);
    const bound = (operator: string, value: string | number): string =>
      `${values.compared(field)} ${operator} ${values.compared(field, values.add(field, value))}`;
    if (from !== undefined) conditions.push(bound('>=', from));
    if (to !== undefined) conditions.push(bound('<', to));
  }
  return conditions;
}

function expectOrder<T>(kind: RecordKind<T>, field: string): void {
  if (field !== 'created_at' && !kind.orders.some((name) => name === field))
    throw new TypeError(`${kind.name} cannot be ordered by ${field}`);
}
