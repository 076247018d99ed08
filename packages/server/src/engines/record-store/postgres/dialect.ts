import type { Dialect, SchemaDialect } from '../sql/dialect.ts';

/** By this collation text is compared by its bytes, and only ASCII letters have a case. */
const bytes = 'collate "C"';

const compared: Dialect['compared'] = (expression, type) => {
  if (type === 'caseless') return `lower((${expression})::text ${bytes})`;
  return expression;
};

export const postgresDialect: Dialect = {
  placeholder: (position) => `$${position}`,
  compared,
  truth: (value) => value,
};

/** JSON is kept as its text: `jsonb` refuses U+0000 and does not give back what it took. */
export const postgresSchema: SchemaDialect = {
  text: `text ${bytes}`,
  caseless: `text ${bytes}`,
  integer: 'bigint',
  truth: () => 'boolean not null',
  json: () => `text ${bytes}`,
  tableEnd: '',
  compared,
};
