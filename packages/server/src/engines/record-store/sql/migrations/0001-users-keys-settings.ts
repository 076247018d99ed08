import type { RecordMigration, SchemaDialect } from '../dialect.ts';

const base = ({ text, integer }: SchemaDialect): string => `
  project ${text} not null,
  id ${text} not null,
  version ${integer} not null,
  created_at ${integer} not null,
  updated_at ${integer} not null,`;

export const usersKeysSettings: RecordMigration = {
  version: 1,
  name: 'users, keys, settings',
  sql: (dialect) => {
    const { text, caseless, integer, tableEnd } = dialect;
    return `
create table if not exists users (${base(dialect)}
  email ${caseless} not null,
  password_hash ${text} not null,
  role ${text} not null,
  disabled ${dialect.truth('disabled')},
  session_epoch ${integer} not null,
  last_login_at ${integer},
  primary key (project, id)
)${tableEnd};
create unique index if not exists users_email on users (${dialect.compared('email', 'caseless')});
create index if not exists users_created_at on users (project, created_at, id);

create table if not exists api_keys (${base(dialect)}
  name ${text} not null,
  key_hash ${text} not null,
  prefix ${text} not null,
  scopes ${dialect.json('scopes')} not null,
  expires_at ${integer},
  revoked_at ${integer},
  created_by ${text} not null,
  last_used_at ${integer},
  requests_per_minute ${integer},
  primary key (project, id)
)${tableEnd};
create unique index if not exists api_keys_key_hash on api_keys (key_hash);
create index if not exists api_keys_created_at on api_keys (project, created_at, id);

create table if not exists settings (${base(dialect)}
  value ${dialect.json('value')},
  primary key (project, id)
)${tableEnd};
`;
  },
};
