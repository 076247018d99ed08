import type { Migration } from '../migration.ts';

export const ledger: Migration = {
  version: 2,
  sql: `
    create table if not exists ledger_processes (
      project text not null,
      id text not null,
      version integer not null,
      created_at integer not null,
      updated_at integer not null,
      name text not null,
      counted_to integer not null,
      written_at integer not null,
      state text not null,
      ended_at integer,
      primary key (project, id)
    ) strict;
    create index if not exists ledger_processes_state on ledger_processes (project, state, created_at, id);

    create table if not exists ledger_accepted (
      project text not null,
      id text not null,
      version integer not null,
      created_at integer not null,
      updated_at integer not null,
      process text not null,
      minute integer not null,
      accepted integer not null,
      unanswered integer not null,
      repeated integer not null,
      primary key (project, id)
    ) strict;
    create index if not exists ledger_accepted_minute on ledger_accepted (project, minute, id);

    create table if not exists ledger_entries (
      project text not null,
      id text not null,
      version integer not null,
      created_at integer not null,
      updated_at integer not null,
      entry text not null,
      subject text not null,
      minute integer not null,
      lines integer not null,
      reason text not null,
      primary key (project, id)
    ) strict;
    create index if not exists ledger_entries_minute on ledger_entries (project, minute, id);
    create index if not exists ledger_entries_subject on ledger_entries (project, subject, created_at, id);
  `,
};
