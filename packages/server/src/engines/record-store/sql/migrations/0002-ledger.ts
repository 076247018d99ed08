import type { RecordMigration } from '../dialect.ts';
import { baseColumns } from './base-columns.ts';

export const ledger: RecordMigration = {
  version: 2,
  name: 'ledger',
  sql: (dialect) => {
    const { text, integer, tableEnd } = dialect;
    return `
create table if not exists ledger_processes (${baseColumns(dialect)}
  name ${text} not null,
  counted_to ${integer} not null,
  written_at ${integer} not null,
  state ${text} not null,
  ended_at ${integer},
  primary key (project, id)
)${tableEnd};
create index if not exists ledger_processes_state on ledger_processes (project, state, created_at, id);

create table if not exists ledger_accepted (${baseColumns(dialect)}
  process ${text} not null,
  minute ${integer} not null,
  accepted ${integer} not null,
  unanswered ${integer} not null,
  repeated ${integer} not null,
  primary key (project, id)
)${tableEnd};
create index if not exists ledger_accepted_minute on ledger_accepted (project, minute, id);

create table if not exists ledger_entries (${baseColumns(dialect)}
  entry ${text} not null,
  subject ${text} not null,
  minute ${integer} not null,
  lines ${integer} not null,
  reason ${text} not null,
  primary key (project, id)
)${tableEnd};
create index if not exists ledger_entries_minute on ledger_entries (project, minute, id);
create index if not exists ledger_entries_subject on ledger_entries (project, subject, created_at, id);
`;
  },
};
