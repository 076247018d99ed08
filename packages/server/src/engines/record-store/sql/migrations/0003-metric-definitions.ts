import type { RecordMigration } from '../dialect.ts';
import { baseColumns } from './base-columns.ts';

export const metricDefinitions: RecordMigration = {
  version: 3,
  name: 'metric definitions',
  sql: (dialect) => {
    const { text, tableEnd } = dialect;
    return `
create table if not exists metric_definitions (${baseColumns(dialect)}
  name ${text} not null,
  description ${text} not null,
  type ${text} not null,
  unit ${text} not null,
  filter ${text},
  value ${text},
  group_by ${dialect.json('group_by')} not null,
  enabled ${dialect.truth('enabled')},
  primary key (project, id)
)${tableEnd};
create unique index if not exists metric_definitions_name on metric_definitions (project, name);
create index if not exists metric_definitions_created_at on metric_definitions (project, created_at, id);
`;
  },
};
