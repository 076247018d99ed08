import type { SchemaDialect } from '../dialect.ts';

/** What every table of records has. */
export const baseColumns = ({ text, integer }: SchemaDialect): string => `
  project ${text} not null,
  id ${text} not null,
  version ${integer} not null,
  created_at ${integer} not null,
  updated_at ${integer} not null,`;
