import type { Client } from 'pg';
import type { StoredEvents } from './stored-events.ts';

/*
 * What is kept beside the rows must be what the rows are. The totals that the API tells are compared on every engine;
 * the tables of PostgreSQL are recounted by SQL of our own as well.
 */

export function compareCounts(stored: StoredEvents, counted: ReadonlyMap<string, number>): readonly string[] {
  const rows = new Map<string, number>();
  for (const { type, times } of stored.values()) rows.set(type, (rows.get(type) ?? 0) + times);
  return [...new Set([...rows.keys(), ...counted.keys()])].flatMap((type) => {
    const [there, told] = [rows.get(type) ?? 0, counted.get(type) ?? 0];
    return there === told ? [] : [`${told} events of type ${type} by the totals, ${there} by the rows`];
  });
}

/** Minutes whose totals are not the number of their rows. Of what the load sends, those of type `error` are errors. */
const differingMinutes = `
with raw as (
  select project, date_bin('1 minute', timestamp, 'epoch'::timestamptz) as minute, type, source, severity,
    count(*) as events, count(*) filter (where type = 'error') as errors
  from events group by 1, 2, 3, 4, 5
),
kept as (
  select project, minute, type, source, severity, sum(events) as events, sum(errors) as errors
  from (
    select project, minute, type, source, severity, events, errors from event_minutes
    union all
    select project, minute, type, source, severity, events, errors from event_minute_deltas
  ) as parts
  group by 1, 2, 3, 4, 5
)
select count(*)::int as differing
from raw full join kept using (project, minute, type, source, severity)
where raw.events is distinct from kept.events or raw.errors is distinct from kept.errors`;

/** Users and days whose quarter-hours are not as many as their rows have. */
const differingUserDays = `
with raw as (
  select project, (timestamp at time zone 'UTC')::date as day, user_id,
    count(distinct date_bin('15 minutes', timestamp, 'epoch'::timestamptz)) as quarters
  from events where user_id is not null group by 1, 2, 3
),
kept as (
  select project, day, user_id,
    bit_count(first_half::bit(64)) + bit_count(second_half::bit(64)) as quarters
  from event_user_days
)
select count(*)::int as differing
from raw full join kept using (project, day, user_id)
where raw.quarters is distinct from kept.quarters`;

export async function recountTables(client: Client): Promise<readonly string[]> {
  const problems: string[] = [];
  for (const [what, sql] of [
    ['minutes', differingMinutes],
    ['days of users', differingUserDays],
  ] as const) {
    const { rows } = await client.query<{ differing: number }>(sql);
    const differing = rows[0]?.differing ?? 0;
    if (differing > 0) problems.push(`the totals of ${differing} ${what} differ from the rows`);
  }
  return problems;
}
