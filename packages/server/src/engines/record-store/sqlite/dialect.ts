import type { Dialect, SchemaDialect } from '../sql/dialect.ts';

/** Columns carry their collation themselves: text is compared by its bytes, and `nocase` knows ASCII letters alone. */
const compared = (expression: string): string => expression;

export const sqliteDialect: Dialect = {
  placeholder: () => '?',
  compared,
  truth: (value) => (value ? 1 : 0),
};

/** Strict tables: SQLite itself holds the columns to their types. */
export const sqliteSchema: SchemaDialect = {
  text: 'text',
  caseless: 'text collate nocase',
  integer: 'integer',
  truth: (column) => `integer not null check (${column} in (0, 1))`,
  json: (column) => `text check (json_valid(${column}))`,
  tableEnd: ' strict',
  compared,
};
