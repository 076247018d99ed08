import type { Log } from '../../../domain/log.ts';
import { allKeptFrom, dayMs, keptFrom, type Retention } from '../../../domain/retention/retention.ts';
import { sqlStateOf } from '../../postgres/failures.ts';
import type { Postgres, Row, Statements } from '../../postgres/postgres.ts';
import type { Removal, RemovalBooks, RetentionResult } from '../port.ts';
import { millisecondsSql } from './event-row.ts';
import { lockAppending, lockMaintenance } from './locks.ts';
import type { Partition } from './partition-plan.ts';
import { readPartitions } from './partitions.ts';

export interface RetentionOptions {
  readonly postgres: Postgres;
  readonly log: Log;
  /** Makes names that no other process makes. */
  readonly newId: () => string;
  /** Partitions are gone. */
  onDropped(): void;
}

/** `lock_not_available` */
const lockNotAvailable = '55P03';
/** A dropped partition waits for all readers, and all readers wait for it. */
const dropPatienceMs = 2000;
/** What counting or removing a part may take. */
const patienceMs = dayMs / 24;
const mostTries = 3;

/** Events that go together. */
interface Part {
  count(statements: Pick<Statements, 'query'>): Promise<Removal['lines']>;
  remove(statements: Statements): Promise<void>;
}

/*
 * Events go a partition at a time where all types in it may go, and a day at a time elsewhere, with their part of the
 * roll-ups in the same transaction. A part is counted and entered in the books while appends go on; then, with appends
 * waiting, it is counted again and removed when it is still the same. Appends wait because the users of a day are counted
 * anew from what is left, and nobody may add to them in between. The name of the removal is written in its transaction:
 * whoever finds it begun after a crash knows by that whether it was done. Ids stay until the horizon, so that an event
 * that is delivered again does not come back.
 */
export async function removeEvents(
  options: RetentionOptions,
  retention: Retention,
  books: RemovalBooks,
  signal: AbortSignal | undefined,
): Promise<RetentionResult> {
  const { postgres, log, onDropped } = options;
  const dropped: string[] = [];
  let events = 0;
  const latest = allKeptFrom(retention);
  if (latest === null) return { events, partitions: dropped };
  const goes = ({ day, type }: TypeDay): boolean => day < (keptFrom(retention, type) ?? -Infinity);
  for (const partition of await readPartitions(postgres)) {
    if (partition.from >= latest) break;
    signal?.throwIfAborted();
    const present = await typesByDay(postgres, partition);
    // Of one that is empty by now nothing is known but the general limit.
    const limit = present.length > 0 ? latest : (keptFrom({ before: retention.before }, '') ?? -Infinity);
    if (partition.to <= limit && present.every(goes)) {
      const removed = await removePart(options, wholePartition(partition), books);
      if (removed !== null) {
        onDropped();
        dropped.push(partition.name);
        events += removed;
        continue;
      }
    }
    for (const { project, day, types } of byDay(present.filter(goes))) {
      signal?.throwIfAborted();
      events += (await removePart(options, oneDay(project, day, types), books)) ?? 0;
    }
  }
  if (events > 0) log.info('Removed events by retention', { events, partitions: dropped });
  return { events, partitions: dropped };
}

/** Whether a removal was done; when not, its name is taken so that it cannot be done any more. */
export async function settleRemoval(postgres: Postgres, name: string): Promise<boolean> {
  // Waits for the transaction of the removal, should it still be under way.
  await postgres.query('insert into event_removals (name, done) values ($1, false) on conflict do nothing', [
    name,
  ]);
  const { rows } = await postgres.query('select done from event_removals where name = $1', [name]);
  return rows[0]?.done === true;
}

/** Gives the number of events; null when it was not possible now. */
async function removePart(
  options: RetentionOptions,
  part: Part,
  books: RemovalBooks,
): Promise<number | null> {
  const { postgres, log, newId } = options;
  for (let tries = 1; tries <= mostTries; tries += 1) {
    const lines = await part.count({
      query: (sql, values) => postgres.query(sql, values, { timeoutMs: patienceMs }),
    });
    const name = newId();
    await books.begin({ name, lines });
    let outcome: 'removed' | 'changed' | 'busy';
    try {
      outcome = await alone(postgres, async (statements) => {
        if (!areSame(lines, await part.count(statements))) return 'changed';
        const { count } = await statements.query(
          'insert into event_removals (name, done) values ($1, true) on conflict do nothing',
          [name],
        );
        // Somebody has settled it as never to be done.
        if (count === 0) return 'changed';
        await part.remove(statements);
        return 'removed';
      });
    } catch (error) {
      if (sqlStateOf(error) !== lockNotAvailable) throw error;
      outcome = 'busy';
    }
    if (outcome !== 'removed') {
      await books.cancel(name);
      if (outcome === 'changed') continue;
      log.info('A partition is being read and is dropped the next time');
      return null;
    }
    await books.end(name);
    return lines.reduce((sum, { count }) => sum + count, 0);
  }
  return null;
}

const areSame = (first: Removal['lines'], second: Removal['lines']): boolean =>
  JSON.stringify(first) === JSON.stringify(second);

function alone<T>(postgres: Postgres, work: (statements: Statements) => Promise<T>): Promise<T> {
  return postgres.transaction(
    async (statements) => {
      await statements.query(lockMaintenance);
      await statements.query(lockAppending);
      return work(statements);
    },
    { timeoutMs: patienceMs },
  );
}

/** Lines by project and minute of receipt, always in the same order. */
const countLines = (source: string): string => `
select project, ${millisecondsSql('minute')} as minute, count(*)::float8 as count
from (select project, date_bin('1 minute', received_at, 'epoch'::timestamptz) as minute from ${source}) as rows
group by project, rows.minute order by project collate "C", rows.minute`;

const readLines = (rows: readonly Row[]): Removal['lines'] =>
  rows.map((row) => ({ project: String(row.project), minute: Number(row.minute), count: Number(row.count) }));

/** Ids that are known by these events alone from now on. */
const keepReceipts = (from: string, to: string): string => `
update event_ids set received_at = events.received_at from events
where event_ids.timestamp >= ${from}::timestamptz and event_ids.timestamp < ${to}::timestamptz
  and events.project = event_ids.project and events.timestamp = event_ids.timestamp and events.id = event_ids.id`;

function wholePartition({ name, from, to }: Partition): Part {
  const range = [timeText(from), timeText(to)];
  return {
    async count({ query }) {
      return readLines((await query(countLines(name))).rows);
    },
    async remove({ query }) {
      await query(`set local lock_timeout = ${dropPatienceMs}`);
      await query(keepReceipts('$1', '$2'), range);
      await query(`drop table ${name}`);
      for (const table of ['event_minutes', 'event_minute_deltas'])
        await query(`delete from ${table} where minute >= $1 and minute < $2`, range);
      await query(
        `delete from event_user_days where day >= ($1::timestamptz at time zone 'UTC')::date and day < ($2::timestamptz at time zone 'UTC')::date`,
        range,
      );
    },
  };
}

interface TypeDay {
  readonly project: string;
  /** Start of the day, milliseconds since the epoch. */
  readonly day: number;
  readonly type: string;
}

/** What the roll-ups say is in a partition. */
async function typesByDay(postgres: Postgres, partition: Partition): Promise<readonly TypeDay[]> {
  const { rows } = await postgres.query(
    `select distinct ${millisecondsSql("date_bin('1 day', minute, 'epoch'::timestamptz)")} as day, project, type from (
       select minute, project, type from event_minutes where minute >= $1 and minute < $2
       union all select minute, project, type from event_minute_deltas where minute >= $1 and minute < $2) as totals order by 1, 2, 3`,
    [timeText(partition.from), timeText(partition.to)],
  );
  return rows.map((row) => ({ day: Number(row.day), project: String(row.project), type: String(row.type) }));
}

interface DayTypes {
  readonly project: string;
  readonly day: number;
  readonly types: readonly string[];
}

function byDay(going: readonly TypeDay[]): readonly DayTypes[] {
  const days = new Map<string, { project: string; day: number; types: string[] }>();
  for (const { project, day, type } of going) {
    const key = `${day} ${project}`;
    const known = days.get(key);
    if (known === undefined) days.set(key, { project, day, types: [type] });
    else known.types.push(type);
  }
  return [...days.values()];
}

/** Some types of a day of one project. */
function oneDay(project: string, start: number, types: readonly string[]): Part {
  const range = [project, new Date(start).toISOString(), new Date(start + dayMs).toISOString()];
  const inRange = (column: string): string =>
    `project = $1 and ${column} >= $2::timestamptz and ${column} < $3::timestamptz`;
  const going = (column: string): string => `${inRange(column)} and type = any($4::text[])`;
  return {
    async count({ query }) {
      return readLines(
        (await query(countLines(`events where ${going('timestamp')}`), [...range, types])).rows,
      );
    },
    async remove({ query }) {
      await query(`${keepReceipts('$2', '$3')} and events.project = $1 and events.type = any($4::text[])`, [
        ...range,
        types,
      ]);
      await query(`delete from events where ${going('timestamp')}`, [...range, types]);
      for (const table of ['event_minutes', 'event_minute_deltas'])
        await query(`delete from ${table} where ${going('minute')}`, [...range, types]);
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
    },
  };
}

function timeText(time: number): string {
  if (time === Number.NEGATIVE_INFINITY) return '-infinity';
  return time === Number.POSITIVE_INFINITY ? 'infinity' : new Date(time).toISOString();
}
