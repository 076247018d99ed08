import type { Statements } from '../../postgres/postgres.ts';
import type { HistoryPoint, HistoryQuery } from '../port.ts';
import { bucketSql } from './aggregate-sql.ts';
import { millisecondsSql } from './event-row.ts';
import { isOfWhole } from './roll-ups.ts';
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
  if (typeof interval !== 'number') return isOfWhole(quarterMs, interval);
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
  const endOf = (start: number): number =>
    typeof interval === 'number' ? start + interval : (interval[interval.indexOf(start) + 1] ?? start);
  const end = endOf(last.timestamp);
  const users =
    typeof interval !== 'number'
      ? await usersOfIntervals(
          statements,
          filter.project,
          points.map(({ timestamp }) => [timestamp, endOf(timestamp)]),
        )
      : interval < dayMs
        ? await usersWithinDays(statements, filter.project, interval, first.timestamp, end)
        : await usersOfDays(statements, filter.project, interval, first.timestamp, end);
  // The first and the last interval may lie within the range in part only.
  for (const start of new Set([first.timestamp, last.timestamp])) {
    const from = Math.max(start, filter.start ?? start);
    const to = Math.min(endOf(start), filter.end ?? endOf(start));
    if (from !== start || to !== endOf(start))
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

/** The quarter-hours of a day that are in an interval. */
interface DayPart {
  readonly start: number;
  readonly day: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Any intervals of whole quarter-hours. In one that lies within a day a user is one row; in others rows of a user are
 * sorted to count them once.
 */
async function usersOfIntervals(
  statements: Statements,
  project: string,
  intervals: readonly (readonly [start: number, end: number])[],
): Promise<Map<number, number>> {
  const within: DayPart[] = [];
  const across: DayPart[] = [];
  for (const [start, end] of intervals) {
    const firstDay = Math.floor(start / dayMs) * dayMs;
    const days = Math.ceil((end - firstDay) / dayMs);
    for (let day = firstDay; day < end; day += dayMs)
      (days === 1 ? within : across).push({
        start,
        day,
        from: Math.max(0, (start - day) / quarterMs),
        to: Math.min(2 * quartersOfHalf, (end - day) / quarterMs),
      });
  }
  return new Map([
    ...(await usersOfParts(statements, project, within, 'count(*)')),
    ...(await usersOfParts(statements, project, across, 'count(distinct user_id)')),
  ]);
}

async function usersOfParts(
  statements: Statements,
  project: string,
  parts: readonly DayPart[],
  counted: 'count(*)' | 'count(distinct user_id)',
): Promise<readonly (readonly [number, number])[]> {
  if (parts.length === 0) return [];
  const parameters = new SqlParameters();
  const halves = parts.map(({ from, to }) => halvesBetween(from, to));
  const lists = [
    parameters.add(
      'float8[]',
      parts.map(({ start }) => start),
    ),
    parameters.add(
      'date[]',
      parts.map(({ day }) => dateText(day)),
    ),
    parameters.add(
      'bigint[]',
      halves.map(([morning]) => String(morning)),
    ),
    parameters.add(
      'bigint[]',
      halves.map(([, evening]) => String(evening)),
    ),
  ];
  const listed = parts.map(({ day }) => day);
  // Said beside the list, so that the index is used.
  const days = daysSql(project, Math.min(...listed), Math.max(...listed) + dayMs, parameters);
  const sql =
    `select start, ${counted}::float8 as users ` +
    `from unnest(${lists.join(', ')}) as part(start, day, morning, evening) ` +
    `join (select * from event_user_days where ${days}) as seen on seen.day = part.day ` +
    `where first_half & morning <> 0 or second_half & evening <> 0 group by start`;
  const { rows } = await statements.query(sql, parameters.values);
  return rows.map((row) => [Number(row.start), Number(row.users)] as const);
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
  const sql = `select count(distinct user_id)::float8 as users from (${parts.join(' union ')}) as seen`;
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
  const [morning, evening] = halvesBetween(from, to);
  const columns = [
    ['first_half', morning],
    ['second_half', evening],
  ] as const;
  return columns
    .flatMap(([column, mask]) =>
      mask === 0n ? [] : [`${column} & ${parameters.add('bigint', String(mask))} <> 0`],
    )
    .join(' or ');
}

/** Bits of the quarter-hours of a day from one, to before another: those before noon, and those after it. */
function halvesBetween(from: number, to: number): readonly [bigint, bigint] {
  const half = (first: number, end: number): bigint =>
    bitsBetween(Math.max(first, 0), Math.min(end, quartersOfHalf));
  return [half(from, to), half(from - quartersOfHalf, to - quartersOfHalf)];
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
