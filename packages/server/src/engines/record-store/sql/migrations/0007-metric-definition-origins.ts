import type { RecordMigration } from '../dialect.ts';
import { baseColumns } from './base-columns.ts';

export const metricDefinitionOrigins: RecordMigration = {
  version: 7,
  name: 'files that keep metric definitions',
  sql: (dialect) => `
create table if not exists metric_definition_origins (${baseColumns(dialect)}
  file ${dialect.text} not null,
  primary key (project, id)
)${dialect.tableEnd};
create index if not exists metric_definition_origins_created_at
  on metric_definition_origins (project, created_at, id);
`,
};
