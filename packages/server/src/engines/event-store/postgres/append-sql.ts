import { appendingKey } from './locks.ts';

/**
 * Takes ids, given as three lists in parallel. Those that are taken already, by their numbers from 1, come back.
 *
 * In the order of the key, so that two appends with the same ids wait for each other and never in a circle. Only what
 * this statement took is stored, so the next one waits for nobody's ids.
 */
export const takeIds = `
with given as (
  select * from unnest($1::text[], $2::uuid[], $3::timestamptz[]) with ordinality as line (project, id, timestamp, number)
),
taken as (
  insert into event_ids (project, id, timestamp)
  select project, id, timestamp from given, pg_advisory_xact_lock_shared(${appendingKey})
  order by project, id
  on conflict do nothing
  returning project, id
)
select coalesce(array_agg(given.number::integer), '{}') as known
from given left join taken using (project, id) where taken.id is null`;

const fields =
  'id uuid, timestamp timestamptz, received_at timestamptz, project text, type text, source text, severity text, ' +
  'correlation_id text, session_id text, user_id text, tags text[], metadata json, data json';

const isServerError = (property: string): string =>
  `case json_typeof(data->'${property}') when 'number' then (data->>'${property}')::numeric >= 500 else false end`;

/**
 * Lines of JSON, one text with line feeds between them. Opened line by line, which is faster than one list of all;
 * `json` keeps the text as it is.
 */
const fromLines = `
select id, timestamp, received_at, project, type, source, severity, correlation_id, session_id, user_id, tags,
  metadata::text as metadata, data::text as data, data::text::jsonb as properties,
  type = 'error' or (type = 'api.response' and (${isServerError('status')} or ${isServerError('status_code')})) as is_error
from unnest(string_to_array($1, e'\\n')) as line, json_to_record(line::json) as event (${fields})`;

/** One event, field by field; the properties may be missing. */
const fromFields = `
select $1::uuid as id, $2::timestamptz as timestamp, $3::timestamptz as received_at, $4::text as project, $5::text as type,
  $6::text as source, $7::text as severity, $8::text as correlation_id, $9::text as session_id, $10::text as user_id,
  $11::text[] as tags, $12::text as metadata, $13::text as data, $14::jsonb as properties, $15::boolean as is_error`;

const columns =
  'id, timestamp, received_at, project, type, source, severity, correlation_id, session_id, user_id, tags, metadata, ' +
  'data, properties, is_error';

/** In which quarter-hours a user had events, as two bitmaps of 48 bits. */
const quarters = (condition: string, bit: string): string =>
  `coalesce(bit_or(1::bigint << ${bit}) filter (where ${condition}), 0)`;

/**
 * Stores events and adds them to the roll-ups. Of the users only those rows are touched that lack a bit, and in the
 * order of the key: one that waits for another's row has all of its ids, so that nobody waits in a circle. `offset 0`
 * makes PostgreSQL look the users up one by one, whatever it thinks of their number: never a scan of all.
 */
const store = (source: string): string => `
with stored as (
  insert into events (${columns})
  select ${columns} from (${source}) as lines
  on conflict do nothing
  returning id, timestamp, project, type, source, severity, user_id, is_error
),
minutes as (
  insert into event_minute_deltas (minute, events, errors, project, type, source, severity)
  select date_bin('1 minute', timestamp, 'epoch'::timestamptz) as minute, count(*), count(*) filter (where is_error),
    project, type, source, severity
  from stored group by 1, 4, 5, 6, 7
),
active as (
  select project, day, user_id, ${quarters('quarter < 48', 'quarter')} as first_half,
    ${quarters('quarter >= 48', '(quarter - 48)')} as second_half
  from (
    select project, (timestamp at time zone 'UTC')::date as day, user_id,
      floor(date_part('hour', timestamp at time zone 'UTC') * 4
        + date_part('minute', timestamp at time zone 'UTC') / 15)::integer as quarter
    from stored where user_id is not null
  ) as seen
  group by project, day, user_id
),
users as (
  insert into event_user_days (project, day, user_id, first_half, second_half)
  select project, day, user_id, active.first_half, active.second_half
  from active left join lateral (
    select first_half, second_half from event_user_days
    where project = active.project and day = active.day and user_id = active.user_id
    offset 0
  ) as present on true
  where present.first_half is null or active.first_half & ~present.first_half <> 0
    or active.second_half & ~present.second_half <> 0
  order by project, day, user_id
  on conflict (project, day, user_id) do update set
    first_half = event_user_days.first_half | excluded.first_half,
    second_half = event_user_days.second_half | excluded.second_half
)
select count(*)::integer as stored, case when count(*) < $EXPECTED then array_agg(id) end as ids from stored`;

export const storeLines = store(fromLines).replace('$EXPECTED', '$2::integer');
export const storeFields = store(fromFields).replace('$EXPECTED', '1');

export const setAside = `
insert into unreadable_event_lines (stored_at, reason, line, digest) values ($1, $2, $3, $4) on conflict do nothing`;
