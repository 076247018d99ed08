import type { Statements } from '../../postgres/postgres.ts';
import type { HistoryPoint, HistoryQuery } from '../port.ts';
import { bucketSql } from './aggregate-sql.ts';
import { millisecondsSql } from './event-row.ts';
import { SqlParameters } from './sql-parameters.ts';

/*
 * Exact unique users from bitmaps: `event_user_days` says for each user and day in which of its 96 quarter-hours there
 * were events. A range of time is asked for as whole quarter-hours, from the bitmaps, and what is left of it at both
 * ends, from the events.
 */

const dayMs = 86_400_000;
const quarterMs = 900_000;
const quartersOfHalf = 48;

/** Whether the bitmaps have what a history asks for. */
export function hasUserBitmaps({ filter, interval }: HistoryQuery): boolean {
  if (filter.types !== undefined || filter.sources !== undefined || filter.severities !== undefined)
    return false;
  return interval % dayMs === 0 || (interval % quarterMs === 0 && dayMs % interval === 0);
}

/** Unique users of each interval that has events, by its start. */
export async function usersByInterval(
  statements: Statements,
  { filter, interval }: HistoryQuery,
  points: readonly HistoryPoint[],
): Promise<ReadonlyMap<number, number>> {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined) return new Map();
  const end = last.timestamp + interval;
  const users =
    interval < dayMs
      ? await usersWithinDays(statements, filter.project, interval, first.timestamp, end)
      : await usersOfDays(statements, filter.project, interval, first.timestamp, end);
  // The first and the last interval may lie within the range in part only.
  for (const start of new Set([first.timestamp, last.timestamp])) {
    const from = Math.max(start, filter.start ?? start);
    const to = Math.min(start + interval, filter.end ?? start + interval);
    if (from !== start || to !== start + interval)
      users.set(start, await usersOfRange(statements, filter.project, from, to));
  }
  return users;
}

/** Intervals of several days, or of one. */
async function usersOfDays(
  statements: Statements,
  project: string,
  interval: number,
  start: number,
  end: number,
): Promise<Map<number, number>> {
  const parameters = new SqlParameters();
  const counted = interval === dayMs ? 'count(*)' : 'count(distinct user_id)';
  const days = daysSql(project, start, end, parameters);
  const sql =
    `select ${millisecondsSql('start')} as start, users::float8 from (` +
    `select ${bucketSql(interval, parameters)} as start, ${counted} as users ` +
    `from (select day::timestamp at time zone 'UTC' as timestamp, user_id from event_user_days where ${days}) as seen ` +
    `group by 1) as counted`;
  const { rows } = await statements.query(sql, parameters.values);
  return new Map(rows.map((row) => [Number(row.start), Number(row.users)]));
}

/** Intervals that divide a day: in one pass over the users of each day, a count for each of its intervals. */
async function usersWithinDays(
  statements: Statements,
  project: string,
  interval: number,
  start: number,
  end: number,
): Promise<Map<number, number>> {
  const parameters = new SqlParameters();
  const days = daysSql(project, start, end, parameters);
  const size = interval / quarterMs;
  const counts = Array.from({ length: dayMs / interval }, (_, i) => {
    const seen = seenSql(i * size, (i + 1) * size, parameters);
    return `(count(*) filter (where ${seen}))::float8`;
  });
  const sql = `select day::text as day, array[${counts.join(', ')}] as users from event_user_days where ${days} group by day`;
  const { rows } = await statements.query(sql, parameters.values);
  return new Map(
    rows.flatMap(({ day, users }) =>
      (Array.isArray(users) ? users : []).map((count, i): [number, number] => [
        Date.parse(String(day)) + i * interval,
        Number(count),
      ]),
    ),
  );
}

/** Users of any range of time. */
async function usersOfRange(
  statements: Statements,
  project: string,
  from: number,
  to: number,
): Promise<number> {
  const parameters = new SqlParameters();
  const wholeFrom = Math.ceil(from / quarterMs) * quarterMs;
  const wholeTo = Math.floor(to / quarterMs) * quarterMs;
  const parts: string[] = [];
  const fromEvents = (start: number, end: number): void => {
    if (start >= end) return;
    parts.push(
      `select user_id from events where project = ${parameters.add('text', project)} and user_id is not null ` +
        `and timestamp >= ${parameters.addTime(start)} and timestamp < ${parameters.addTime(end)}`,
    );
  };
  if (wholeFrom < wholeTo) {
    fromEvents(from, wholeFrom);
    parts.push(
      `select user_id from event_user_days where ${daysSql(project, wholeFrom, wholeTo, parameters)} and (` +
        `${partOfDaySql(wholeFrom, wholeTo, parameters)})`,
    );
    fromEvents(wholeTo, to);
  } else fromEvents(from, to);
  const sql = `select count(*)::float8 as users from (${parts.join(' union ')}) as seen`;
  const { rows } = await statements.query(sql, parameters.values);
  return Number(rows[0]?.users ?? 0);
}

/** Of the days of a range, the quarter-hours that are in it: the first and the last day may be so in part. */
function partOfDaySql(from: number, to: number, parameters: SqlParameters): string {
  const firstDay = Math.floor(from / dayMs) * dayMs;
  const lastDay = Math.floor((to - 1) / dayMs) * dayMs;
  const partly = (day: number): string => {
    const seen = seenSql(
      Math.max(0, (from - day) / quarterMs),
      Math.min(2 * quartersOfHalf, (to - day) / quarterMs),
      parameters,
    );
    return `when day = ${parameters.add('date', dateText(day))} then ${seen}`;
  };
  const cases = firstDay === lastDay ? [partly(firstDay)] : [partly(firstDay), partly(lastDay)];
  return `case ${cases.join(' ')} else true end`;
}

/** Whether a user had events in the quarter-hours from one, to before another. */
function seenSql(from: number, to: number, parameters: SqlParameters): string {
  const halves = [
    ['first_half', from, to],
    ['second_half', from - quartersOfHalf, to - quartersOfHalf],
  ] as const;
  return halves
    .flatMap(([column, first, end]) => {
      const mask = bitsBetween(Math.max(first, 0), Math.min(end, quartersOfHalf));
      return mask === 0n ? [] : [`${column} & ${parameters.add('bigint', String(mask))} <> 0`];
    })
    .join(' or ');
}

function bitsBetween(first: number, end: number): bigint {
  return first >= end ? 0n : (1n << BigInt(end)) - (1n << BigInt(first));
}

/** The days that a range of time touches. */
function daysSql(project: string, start: number, end: number, parameters: SqlParameters): string {
  return (
    `project = ${parameters.add('text', project)} and day >= ${parameters.add('date', dateText(start))} ` +
    `and day <= ${parameters.add('date', dateText(end - 1))}`
  );
}

const dateText = (time: number): string => new Date(time).toISOString().slice(0, 10);
