import type { Migration } from '../../postgres/migrate.ts';

/**
 * The events, in partitions by time that are made when they are needed. `data` and `metadata` are the texts that came in
 * and are what is returned; `properties` is made from the text of `data` for filters and aggregations, NULL where `jsonb`
 * cannot hold it.
 *
 * - The primary key is the order of every list, and keeps (project, timestamp, id) unique for ever.
 * - `events_id` finds an event whose id is no longer in `event_ids`.
 * - `events_who` is a filter of 32 pages each: it costs an insert almost nothing, where a tree by user touches a page a
 *   row as soon as it does not fit into memory.
 * - `events_received_at` finds what came in within some minutes, for the ledger; rows come in nearly in that order.
 */
const createEvents = `
create table events (
  timestamp timestamptz not null,
  received_at timestamptz not null,
  id uuid not null,
  is_error boolean not null,
  project text not null,
  type text not null,
  source text not null,
  severity text not null,
  correlation_id text,
  session_id text,
  user_id text,
  tags text[] not null,
  metadata text not null,
  data text not null,
  properties jsonb,
  primary key (project, timestamp, id)
) partition by range (timestamp);
create index events_id on events (id);
create index events_who on events
  using brin (user_id text_bloom_ops, session_id text_bloom_ops, correlation_id text_bloom_ops)
  with (pages_per_range = 32, autosummarize = on);
create index events_received_at on events using brin (received_at) with (autosummarize = on);
`;

/**
 * Ids of the horizon: a unique key of a partitioned table holds the partition key, so \`events\` itself cannot keep
 * (project, id) unique whatever the timestamp. Rows are removed in the order in which they came.
 */
const createEventIds = `
create table event_ids (
  timestamp timestamptz not null,
  stored_at timestamptz not null default now(),
  id uuid not null,
  project text not null,
  primary key (project, id)
);
create index event_ids_stored_at on event_ids using brin (stored_at) with (pages_per_range = 32);
`;

/**
 * Totals by minute. Appends add rows to the deltas and touch no other's; one process at a time moves them to the totals.
 * What holds is the sum of both.
 */
const createMinutes = `
create table event_minutes (
  minute timestamptz not null,
  events bigint not null,
  errors bigint not null,
  project text not null,
  type text not null,
  source text not null,
  severity text not null,
  primary key (project, minute, type, source, severity)
);
create table event_minute_deltas (
  minute timestamptz not null,
  events bigint not null,
  errors bigint not null,
  project text not null,
  type text not null,
  source text not null,
  severity text not null
);
create index event_minute_deltas_minute on event_minute_deltas (project, minute);
`;

/** In which quarter-hours of a day, in UTC, a user had events: bits 0 to 47 of \`first_half\` are those before noon. */
const createUserDays = `
create table event_user_days (
  first_half bigint not null,
  second_half bigint not null,
  day date not null,
  project text not null,
  user_id text not null,
  primary key (project, day, user_id)
) with (fillfactor = 80);
`;

/** Lines that cannot become rows of \`events\`, kept for a person to look at. */
const createUnreadableLines = `
create table unreadable_event_lines (
  stored_at timestamptz not null,
  reason text not null,
  line text not null,
  digest bytea primary key
);
`;

/**
 * What retention did: a removal is named here in the transaction that removes it, and one that never will be done is named
 * as not done. An id whose event is removed keeps the time of its receipt, so that a repetition of it can be told from a
 * redelivery.
 */
const createRemovals = `
create table event_removals (
  name text primary key,
  done boolean not null,
  at timestamptz not null default now()
);
alter table event_ids add column received_at timestamptz;
`;

export const migrations: readonly Migration[] = [
  {
    version: 1,
    name: 'events',
    sql: [createEvents, createEventIds, createMinutes, createUserDays, createUnreadableLines].join('\n'),
  },
  { version: 2, name: 'removals', sql: createRemovals },
];
