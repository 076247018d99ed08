import type { RecordMigration } from '../dialect.ts';
import { baseColumns } from './base-columns.ts';

export const access: RecordMigration = {
  version: 4,
  name: 'sessions, sign-in attempts, terms of API keys, audit',
  sql: (dialect) => {
    const { text, integer, tableEnd } = dialect;
    return `
create table if not exists sessions (${baseColumns(dialect)}
  user_id ${text} not null,
  family ${text} not null,
  generation ${integer} not null,
  rotated_at ${integer},
  epoch ${integer} not null,
  expires_at ${integer} not null,
  ended_at ${integer},
  primary key (project, id)
)${tableEnd};
create unique index if not exists sessions_family on sessions (family);
create index if not exists sessions_expires_at on sessions (project, expires_at, id);

create table if not exists sign_in_attempts (${baseColumns(dialect)}
  attempts ${integer} not null,
  last_at ${integer} not null,
  primary key (project, id)
)${tableEnd};
create index if not exists sign_in_attempts_last_at on sign_in_attempts (project, last_at, id);

create table if not exists api_key_terms (${baseColumns(dialect)}
  allowed_origins ${dialect.json('allowed_origins')},
  event_types ${dialect.json('event_types')},
  primary key (project, id)
)${tableEnd};

create table if not exists api_key_predecessors (${baseColumns(dialect)}
  key_hash ${text} not null,
  good_until ${integer} not null,
  primary key (project, id)
)${tableEnd};
create unique index if not exists api_key_predecessors_key_hash on api_key_predecessors (key_hash);

create table if not exists audit_entries (${baseColumns(dialect)}
  actor_kind ${text} not null,
  actor_id ${text} not null,
  actor_name ${text} not null,
  action ${text} not null,
  target ${text},
  outcome ${integer} not null,
  address ${text} not null,
  correlation_id ${text} not null,
  detail ${dialect.json('detail')},
  primary key (project, id)
)${tableEnd};
create index if not exists audit_entries_created_at on audit_entries (project, created_at, id);
create index if not exists audit_entries_actor on audit_entries (project, actor_id, created_at, id);
create index if not exists audit_entries_target on audit_entries (project, target, created_at, id);
`;
  },
};
