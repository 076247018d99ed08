import type { Log } from '../../../domain/log.ts';
import { sqlStateOf } from '../../postgres/failures.ts';
import type { Postgres, Statements } from '../../postgres/postgres.ts';
import { lockAppending, lockMaintenance } from './locks.ts';
import type { Partition } from './partition-plan.ts';
import { readPartitions } from './partitions.ts';

/** How long events are kept; what is older than that goes, by whole days in UTC. */
export interface Retention {
  /** Milliseconds since the epoch: events before go. Null keeps all that `types` does not name. */
  readonly before: number | null;
  /** The same for types that are kept shorter or longer than the others; null keeps a type for ever. */
  readonly types?: Readonly<Record<string, number | null>>;
}

export interface RetentionResult {
  /** Events that were removed. */
  readonly events: number;
  /** Partitions that were dropped whole. */
  readonly partitions: readonly string[];
}

export interface RetentionOptions {
  readonly postgres: Postgres;
  readonly log: Log;
  /** Partitions are gone. */
  onDropped(): void;
}

const dayMs = 86_400_000;
/** `lock_not_available` */
const lockNotAvailable = '55P03';
/** A dropped partition waits for all readers, and all readers wait for it. */
const dropPatienceMs = 2000;

/*
 * Events go a partition at a time where all types in it may go, and a day at a time elsewhere, with their part of the
 * roll-ups in the same transaction. Appends wait meanwhile: the users of a day are counted anew from what is left, and
 * nobody may add to them in between. Ids stay until the horizon, so that an event that is delivered again does not come
 * back.
 */
export async function removeEvents(
  { postgres, log, onDropped }: RetentionOptions,
  retention: Retention,
): Promise<RetentionResult> {
  const rules = rulesOf(retention);
  const dropped: string[] = [];
  let events = 0;
  if (rules.latest === null) return { events, partitions: dropped };
  for (const partition of await readPartitions(postgres)) {
    if (rules.earliest !== null && partition.to <= rules.earliest) {
      const removed = await dropPartition(postgres, partition, log);
      if (removed !== null) {
        onDropped();
        dropped.push(partition.name);
        events += removed;
        continue;
      }
    }
    if (partition.from < rules.latest) events += await removeDays(postgres, partition, rules);
  }
  if (events > 0) log.info('Removed events by retention', { events, partitions: dropped });
  return { events, partitions: dropped };
}

interface Rules {
  readonly before: number | null;
  readonly types: readonly { readonly type: string; readonly before: number | null }[];
  /** Before this everything goes; null when something is kept for ever. */
  readonly earliest: number | null;
  /** From this on nothing goes; null when nothing goes at all. */
  readonly latest: number | null;
}

function rulesOf({ before, types = {} }: Retention): Rules {
  const wholeDays = (time: number | null): number | null =>
    time === null ? null : Math.floor(time / dayMs) * dayMs;
  const named = Object.entries(types).map(([type, time]) => ({ type, before: wholeDays(time) }));
  const limits = [wholeDays(before), ...named.map((rule) => rule.before)];
  const finite = limits.flatMap((limit) => limit ?? []);
  return {
    before: wholeDays(before),
    types: named,
    earliest: finite.length === limits.length ? Math.min(...finite) : null,
    latest: finite.length === 0 ? null : Math.max(...finite),
  };
}

function alone<T>(postgres: Postgres, work: (statements: Statements) => Promise<T>): Promise<T> {
  return postgres.transaction(
    async (statements) => {
      await statements.query(lockMaintenance);
      await statements.query(lockAppending);
      return work(statements);
    },
    { timeoutMs: dayMs / 24 },
  );
}

/** Gives the number of events; null when readers did not let go of the partition in time. */
async function dropPartition(postgres: Postgres, partition: Partition, log: Log): Promise<number | null> {
  const { name, from, to } = partition;
  const range = [timeText(from), timeText(to)];
  try {
    return await alone(postgres, async ({ query }) => {
      await query(`set local lock_timeout = ${dropPatienceMs}`);
      const { rows } = await query(
        `select sum(events)::float8 as events from (select events from event_minutes where minute >= $1 and minute < $2
         union all select events from event_minute_deltas where minute >= $1 and minute < $2) as totals`,
        range,
      );
      await query(`drop table ${name}`);
      for (const table of ['event_minutes', 'event_minute_deltas'])
        await query(`delete from ${table} where minute >= $1 and minute < $2`, range);
      await query(
        `delete from event_user_days where day >= ($1::timestamptz at time zone 'UTC')::date and day < ($2::timestamptz at time zone 'UTC')::date`,
        range,
      );
      return Number(rows[0]?.events ?? 0);
    });
  } catch (error) {
    if (sqlStateOf(error) !== lockNotAvailable) throw error;
    log.info('A partition is being read and is dropped the next time', { partition: name });
    return null;
  }
}

/** Removes a partition's events by type, each day in a transaction of its own. */
async function removeDays(postgres: Postgres, partition: Partition, rules: Rules): Promise<number> {
  const { rows } = await postgres.query(
    `select distinct (minute at time zone 'UTC')::date::text as day, project from (
       select minute, project from event_minutes where minute >= $1 and minute < $2
       union all select minute, project from event_minute_deltas where minute >= $1 and minute < $2) as totals order by 1, 2`,
    [timeText(partition.from), timeText(Math.min(partition.to, rules.latest ?? partition.to))],
  );
  let removed = 0;
  for (const { day, project } of rows) {
    const start = Date.parse(String(day));
    removed += await alone(postgres, (statements) => removeDay(statements, String(project), start, rules));
  }
  return removed;
}

async function removeDay(
  { query }: Statements,
  project: string,
  start: number,
  rules: Rules,
): Promise<number> {
  const range = [project, new Date(start).toISOString(), new Date(start + dayMs).toISOString()];
  const goes = (limit: number | null): boolean => limit !== null && start < limit;
  const going = rules.types.filter(({ before }) => goes(before)).map(({ type }) => type);
  const staying = rules.types.filter(({ before }) => !goes(before)).map(({ type }) => type);
  // Types that are not named go by the general limit.
  const condition = goes(rules.before) ? 'not type = any($4::text[])' : 'type = any($4::text[])';
  const types = goes(rules.before) ? staying : going;
  const inRange = (column: string): string =>
    `project = $1 and ${column} >= $2::timestamptz and ${column} < $3::timestamptz`;
  const { count } = await query(`delete from events where ${inRange('timestamp')} and ${condition}`, [
    ...range,
    types,
  ]);
  for (const table of ['event_minutes', 'event_minute_deltas'])
    await query(`delete from ${table} where ${inRange('minute')} and ${condition}`, [...range, types]);
  if (count === 0) return 0;
  const day = new Date(start).toISOString().slice(0, 10);
  await query('delete from event_user_days where project = $1 and day = $2::date', [project, day]);
  await query(
    `insert into event_user_days (project, day, user_id, first_half, second_half)
     select project, $4::date, user_id, coalesce(bit_or(1::bigint << quarter) filter (where quarter < 48), 0),
       coalesce(bit_or(1::bigint << (quarter - 48)) filter (where quarter >= 48), 0)
     from (
       select project, user_id, floor(extract(epoch from timestamp - $2::timestamptz) / 900)::integer as quarter
       from events where ${inRange('timestamp')} and user_id is not null
     ) as seen group by project, user_id`,
    [...range, day],
  );
  return count;
}

function timeText(time: number): string {
  if (time === Number.NEGATIVE_INFINITY) return '-infinity';
  return time === Number.POSITIVE_INFINITY ? 'infinity' : new Date(time).toISOString();
}
