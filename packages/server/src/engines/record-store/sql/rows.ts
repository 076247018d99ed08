import type { ColumnType, RecordBase, RecordKind, Stored } from '../../../domain/records/record-kind.ts';
import type { Dialect, Row, SqlValue } from './dialect.ts';

const baseColumns: { readonly [K in keyof RecordBase]: ColumnType } = {
  project: 'text',
  id: 'text',
  version: 'integer',
  created_at: 'integer',
  updated_at: 'integer',
};
export const baseNames: readonly string[] = Object.keys(baseColumns);

export const columnsOf = <T>(kind: RecordKind<T>): [string, ColumnType][] =>
  Object.entries<ColumnType>(kind.columns);

export function typeOf<T>(kind: RecordKind<T>, name: string): ColumnType {
  const found = [...Object.entries<ColumnType>(baseColumns), ...columnsOf(kind)].find(
    ([column]) => column === name,
  );
  if (found === undefined) throw new TypeError(`${kind.name} has no ${name}`);
  return found[1];
}

/** A field's value as the database keeps it. */
export function toSql(dialect: Dialect, type: ColumnType, value: unknown): SqlValue {
  if (value === null || value === undefined) return null;
  if (type === 'json') return JSON.stringify(value);
  if (typeof value === 'boolean') return dialect.truth(value);
  if (typeof value === 'string' || typeof value === 'number') return value;
  throw new TypeError(`A value of type ${typeof value} does not fit a column of type ${type}`);
}

/** Truths are 0 and 1 in one database, 64 bits are a text in the other. */
function fromSql(type: ColumnType, value: unknown): unknown {
  if (type === 'boolean') return value === 1 || value === true;
  if (type === 'json' && typeof value === 'string') return JSON.parse(value);
  if (type === 'integer' && typeof value === 'string') return Number(value);
  return value;
}

/** The record in a row; refuses a row that is not of the kind's shape, which only a hand in the database can make. */
export function toRecord<T>(kind: RecordKind<T>, row: Row): Stored<T> {
  const fields: Record<string, unknown> = {};
  for (const [name, type] of columnsOf(kind)) fields[name] = fromSql(type, row[name]);
  const id = String(row.id);
  if (!kind.is(fields)) throw new TypeError(`A row of ${kind.name} is not of its shape: ${id}`);
  return {
    ...fields,
    id,
    project: String(row.project),
    version: Number(row.version),
    created_at: Number(row.created_at),
    updated_at: Number(row.updated_at),
  };
}
