import type { Migration } from '../migration.ts';

export const usersKeysSettings: Migration = {
  version: 1,
  sql: `
    create table if not exists users (
      project text not null,
      id text not null,
      version integer not null,
      created_at integer not null,
      updated_at integer not null,
      email text not null collate nocase,
      password_hash text not null,
      role text not null,
      disabled integer not null check (disabled in (0, 1)),
      session_epoch integer not null,
      last_login_at integer,
      primary key (project, id)
    ) strict;
    create unique index if not exists users_email on users (email);
    create index if not exists users_created_at on users (project, created_at, id);

    create table if not exists api_keys (
      project text not null,
      id text not null,
      version integer not null,
      created_at integer not null,
      updated_at integer not null,
      name text not null,
      key_hash text not null,
      prefix text not null,
      scopes text not null check (json_valid(scopes)),
      expires_at integer,
      revoked_at integer,
      created_by text not null,
      last_used_at integer,
      requests_per_minute integer,
      primary key (project, id)
    ) strict;
    create unique index if not exists api_keys_key_hash on api_keys (key_hash);
    create index if not exists api_keys_created_at on api_keys (project, created_at, id);

    create table if not exists settings (
      project text not null,
      id text not null,
      version integer not null,
      created_at integer not null,
      updated_at integer not null,
      value text check (value is null or json_valid(value)),
      primary key (project, id)
    ) strict;
  `,
};
