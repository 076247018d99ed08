import type { RecordMigration } from '../dialect.ts';
import { baseColumns } from './base-columns.ts';

export const alertRuleOrigins: RecordMigration = {
  version: 6,
  name: 'files that keep alert rules',
  sql: (dialect) => `
create table if not exists alert_rule_origins (${baseColumns(dialect)}
  file ${dialect.text} not null,
  primary key (project, id)
)${dialect.tableEnd};
create index if not exists alert_rule_origins_created_at on alert_rule_origins (project, created_at, id);
`,
};
