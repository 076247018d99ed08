import { eventLineLayout } from '@streamflow/contracts';
import type { Postgres, Row } from '../../postgres/postgres.ts';
import { type AuditQuery, auditExamples, type EventAudit, type ReadOptions } from '../port.ts';
import { millisecondsSql } from './event-row.ts';

const minuteSql = (time: string): string => `date_bin('1 minute', ${time}, 'epoch'::timestamptz)`;

/** What was received within the range: $1 project, $2 and $3 its ends. */
const received = 'project = $1 and received_at >= $2 and received_at < $3';

const storedByMinute = `
select ${millisecondsSql('minute')} as minute, count(*)::float8 as lines
from (select ${minuteSql('received_at')} as minute from events where ${received}) as rows group by rows.minute`;

/** Lines that were set aside are read by position, like all event lines; a time that is none is nobody's. */
const { start, end } = eventLineLayout.receivedAt;
const setAsideByMinute = `
select ${millisecondsSql('minute')} as minute, count(*)::float8 as lines from (
  select ${minuteSql('time::timestamptz')} as minute from (
    select substring(line from ${start + 1} for ${end - start}) as time, substring(line from ${end + 1}) as rest
    from unreadable_event_lines
  ) as lines
  where starts_with(rest, $4) and time ~ '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z$'
    and time::timestamptz >= $2 and time::timestamptz < $3 and $1::text is not null
) as times group by times.minute`;

const repeated = `
select id::text as id, count(*) over ()::float8 as total from events
where project = $1 and id in (select id from events where ${received})
group by id having count(*) > 1 order by id limit ${auditExamples}`;

/** Totals of every minute that an event of the range falls into: what is kept beside what the rows say. */
const minutesApart = `
with concerned as (select distinct ${minuteSql('timestamp')} as minute from events where ${received}),
kept as (
  select minute, type, source, severity, sum(events) as events, sum(errors) as errors
  from (
    select project, minute, type, source, severity, events, errors from event_minutes
    union all
    select project, minute, type, source, severity, events, errors from event_minute_deltas
  ) as totals
  where project = $1 and minute in (select minute from concerned)
  group by minute, type, source, severity
),
counted as (
  select concerned.minute, type, source, severity, count(*) as events, count(*) filter (where is_error) as errors
  from concerned join events on project = $1
    and timestamp >= concerned.minute and timestamp < concerned.minute + interval '1 minute'
  group by concerned.minute, type, source, severity
),
compared as (
  select concat_ws(' ', to_char(minute at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"'), type, source, severity) as name,
    coalesce(kept.events, 0) as kept, coalesce(counted.events, 0) as recounted,
    (kept.events, kept.errors) is distinct from (counted.events, counted.errors) as differs
  from kept full join counted using (minute, type, source, severity)
)`;

const bitmaps = (half: string): string =>
  `coalesce(bit_or(1::bigint << (quarter % 48)) filter (where ${half}), 0)`;

/** Active quarter-hours of every user of every day that an event of the range falls into. */
const userDaysApart = `
with concerned as (select distinct (timestamp at time zone 'UTC')::date as day from events where ${received}),
kept as (
  select day, user_id, first_half, second_half from event_user_days
  where project = $1 and day in (select day from concerned)
),
counted as (
  select day, user_id, ${bitmaps('quarter < 48')} as first_half, ${bitmaps('quarter >= 48')} as second_half
  from (
    select concerned.day, user_id, floor(date_part('hour', timestamp at time zone 'UTC') * 4
      + date_part('minute', timestamp at time zone 'UTC') / 15)::integer as quarter
    from concerned join events on project = $1 and user_id is not null
      and timestamp >= concerned.day::timestamp at time zone 'UTC'
      and timestamp < (concerned.day + 1)::timestamp at time zone 'UTC'
  ) as seen
  group by day, user_id
),
compared as (
  select concat_ws(' ', day, user_id) as name,
    bit_count((coalesce(kept.first_half, 0))::bit(64)) + bit_count((coalesce(kept.second_half, 0))::bit(64)) as kept,
    bit_count((coalesce(counted.first_half, 0))::bit(64)) + bit_count((coalesce(counted.second_half, 0))::bit(64))
      as recounted,
    (kept.first_half, kept.second_half) is distinct from (counted.first_half, counted.second_half) as differs
  from kept full join counted using (day, user_id)
)`;

const differences = `
select (select count(*) from compared)::float8 as compared,
  (select count(*) from compared where differs)::float8 as mismatches,
  name, kept::float8 as kept, recounted::float8 as recounted
from (values (1)) as one left join (
  select * from compared where differs order by name collate "C" limit ${auditExamples}
) as shown on true`;

const rollUps = [
  { name: 'events by minute', sql: `${minutesApart}${differences}` },
  { name: 'quarter-hours of users by day', sql: `${userDaysApart}${differences}` },
];

/** Counts what is stored by minute of receipt, and recounts the roll-ups; each by one statement, so of one moment. */
export async function auditEvents(
  postgres: Pick<Postgres, 'query'>,
  { project, from, to }: AuditQuery,
  options: ReadOptions,
): Promise<EventAudit> {
  const range = [project, new Date(from).toISOString(), new Date(to).toISOString()];
  const ask = async (sql: string, ...more: unknown[]): Promise<readonly Row[]> =>
    (await postgres.query(sql, [...range, ...more], options)).rows;
  const stored = byMinute(await ask(storedByMinute));
  const setAside = byMinute(await ask(setAsideByMinute, `","project":${JSON.stringify(project)},`));
  const twins = await ask(repeated);
  let compared = 0;
  let mismatches = 0;
  const examples: { rollUp: string; kept: number; recounted: number }[] = [];
  for (const { name, sql } of rollUps) {
    const rows = await ask(sql);
    compared += Number(rows[0]?.compared ?? 0);
    mismatches += Number(rows[0]?.mismatches ?? 0);
    for (const row of rows) {
      if (row.name === null) continue;
      examples.push({
        rollUp: `${name}: ${String(row.name)}`,
        kept: Number(row.kept),
        recounted: Number(row.recounted),
      });
    }
  }
  const minutes = [...new Set([...stored.keys(), ...setAside.keys()])].sort((a, b) => a - b);
  return {
    minutes: minutes.map((minute) => ({
      minute,
      stored: stored.get(minute) ?? 0,
      setAside: setAside.get(minute) ?? 0,
    })),
    repeatedIds: { count: Number(twins[0]?.total ?? 0), examples: twins.map(({ id }) => String(id)) },
    rollUps: { compared, mismatches, examples: examples.slice(0, auditExamples) },
  };
}

function byMinute(rows: readonly Row[]): ReadonlyMap<number, number> {
  return new Map(rows.map((row) => [Number(row.minute), Number(row.lines)]));
}
