import type { ColumnType, RecordBase, RecordKind, Stored } from '../../../domain/records/record-kind.ts';

export type SqlValue = string | number | null;
/** A row of a strict table: SQLite itself holds the columns to their types. */
export type Row = RecordBase & Readonly<Record<string, unknown>>;

export const columnsOf = <T>(kind: RecordKind<T>): [string, ColumnType][] =>
  Object.entries<ColumnType>(kind.columns);

/** A field's value as SQLite keeps it. */
export function toSql(type: ColumnType, value: unknown): SqlValue {
  if (value === null || value === undefined) return null;
  if (type === 'json') return JSON.stringify(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'string' || typeof value === 'number') return value;
  throw new TypeError(`A value of type ${typeof value} does not fit a column of type ${type}`);
}

function fromSql(type: ColumnType, value: unknown): unknown {
  if (type === 'boolean') return value === 1;
  if (type === 'json' && typeof value === 'string') return JSON.parse(value);
  return value;
}

/** The record in a row; refuses a row that is not of the kind's shape, which only a hand in the file can make. */
export function toRecord<T>(kind: RecordKind<T>, row: Row): Stored<T> {
  const fields: Record<string, unknown> = {};
  for (const [name, type] of columnsOf(kind)) fields[name] = fromSql(type, row[name]);
  if (!kind.is(fields)) throw new TypeError(`A row of ${kind.name} is not of its shape: ${row.id}`);
  const { id, project, version, created_at, updated_at } = row;
  return { ...fields, id, project, version, created_at, updated_at };
}
