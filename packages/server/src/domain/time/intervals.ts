import type { TimeZone } from './time-zone.ts';
import { utc } from './time-zone.ts';

/*
 * How a range of time is parted into intervals.
 *
 * - Seconds, minutes and hours that divide a day into two or more begin anew at each local midnight, so that an hour of
 *   Kolkata begins on the local hour and a day of 23 or 25 hours has as many intervals.
 * - Days, weeks (from Monday) and months are those of the local calendar; several of them are counted from
 *   1970-01-01, the week of it, and January 1970.
 * - Any other number of hours has a fixed length and is counted from the epoch.
 */

export type IntervalUnit = 's' | 'm' | 'h' | 'd' | 'w' | 'mo';

export interface IntervalLength {
  readonly count: number;
  readonly unit: IntervalUnit;
}

/**
 * Intervals of time, as engines take them: their length in milliseconds, aligned to the epoch; or the moments at which
 * they begin, in ascending order, and last the moment at which the last one ends.
 */
export type Intervals = number | readonly number[];

/** The intervals that a range touches, in order. */
export interface IntervalRange {
  readonly total: number;
  /** Some of them, from the n-th; their starts and the end of the last. */
  edges(from: number, count: number): readonly number[];
}

const dayMs = 86_400_000;
const fixedUnits: Readonly<Record<'s' | 'm' | 'h', number>> = { s: 1000, m: 60_000, h: 3_600_000 };
/** Local days, weeks or months that a range may touch where the calendar decides. */
export const mostCalendarIntervals = 4000;

const largestCounts: Readonly<Record<IntervalUnit, number>> = {
  s: 2_592_000,
  m: 43_200,
  h: 720,
  d: 30,
  w: 4,
  mo: 12,
};

/** Reads `30s`, `5m`, `1h`, `1d`, `1w`, `1mo`, from 1s to 30d, 4w or 12mo; undefined for anything else. */
export function parseIntervalLength(text: string): IntervalLength | undefined {
  const [, digits, letters] = /^([1-9][0-9]{0,6})(s|m|h|d|w|mo)$/.exec(text) ?? [];
  const unit = (['s', 'm', 'h', 'd', 'w', 'mo'] as const).find((known) => known === letters);
  const count = Number(digits);
  return unit === undefined || count > largestCounts[unit] ? undefined : { count, unit };
}

export const intervalForm = 'a whole number and a unit, from 1s to 30d, or 1w to 4w, or 1mo to 12mo';

/** The intervals of a range, `end` not included; undefined when they are too many to be laid out by the calendar. */
export function intervalsOf(
  length: IntervalLength,
  zone: TimeZone,
  start: number,
  end: number,
): IntervalRange | undefined {
  const { count, unit } = length;
  const fixed = unit === 's' || unit === 'm' || unit === 'h' ? count * fixedUnits[unit] : undefined;
  if (fixed !== undefined && (zone === utc || fixed >= dayMs || dayMs % fixed !== 0))
    return evenly(fixed, start, end);
  if (zone === utc && unit === 'd') return evenly(count * dayMs, start, end);
  if (fixed === undefined) {
    const edges = calendarEdges(length, zone, start, end);
    return edges === undefined
      ? undefined
      : { total: edges.length - 1, edges: (from, some) => edges.slice(from, from + some + 1) };
  }
  const midnights = calendarEdges({ count: 1, unit: 'd' }, zone, start, end);
  return midnights === undefined ? undefined : withinDays(midnights, fixed, start, end);
}

/** As engines take them; by their length where they are the same as those aligned to the epoch. */
export function asIntervals(edges: readonly number[]): Intervals {
  const [first, second] = edges;
  if (first === undefined || second === undefined) return edges;
  const length = second - first;
  const even = edges.every((edge, i) => edge === first + i * length && edge % length === 0);
  return even ? length : edges;
}

/** The start of the interval that a moment falls into. */
export function startOf(intervals: Intervals, moment: number): number {
  if (typeof intervals === 'number') return Math.floor(moment / intervals) * intervals;
  let low = 0;
  let high = intervals.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((intervals[middle] ?? Number.POSITIVE_INFINITY) <= moment) low = middle;
    else high = middle - 1;
  }
  return intervals[low] ?? Number.NaN;
}

function evenly(length: number, start: number, end: number): IntervalRange {
  const first = Math.floor(start / length) * length;
  const total = Math.ceil((end - first) / length);
  return {
    total,
    edges: (from, count) =>
      Array.from(
        { length: Math.max(0, Math.min(count, total - from)) + 1 },
        (_, i) => first + (from + i) * length,
      ),
  };
}

/** Intervals that begin anew at each of the midnights; the last of a day ends with the day. */
function withinDays(midnights: readonly number[], length: number, start: number, end: number): IntervalRange {
  /** Of each day: its start, and how many intervals there are before those of it. */
  const days: { readonly start: number; readonly first: number; readonly count: number }[] = [];
  let total = 0;
  for (const [i, midnight] of midnights.slice(0, -1).entries()) {
    const dayEnd = midnights[i + 1] ?? midnight;
    const from = Math.max(0, Math.floor((start - midnight) / length));
    const count = Math.ceil((Math.min(end, dayEnd) - midnight) / length) - from;
    days.push({ start: midnight + from * length, first: total, count });
    total += count;
  }
  const lastMidnight = midnights.at(-1) ?? end;
  return {
    total,
    edges(from, count) {
      const edges: number[] = [];
      const to = Math.min(total, from + count);
      for (const [i, day] of days.entries()) {
        for (let n = Math.max(from, day.first); n < Math.min(to, day.first + day.count); n++)
          edges.push(day.start + (n - day.first) * length);
        if (day.first + day.count >= to) {
          const last = day.start + (to - day.first) * length;
          edges.push(Math.min(last, midnights[i + 1] ?? lastMidnight));
          break;
        }
      }
      return edges;
    },
  };
}

/** Edges of days, weeks or months of the local calendar. A day that clocks skip altogether has no edge of its own. */
function calendarEdges(
  { count, unit }: IntervalLength,
  zone: TimeZone,
  start: number,
  end: number,
): readonly number[] | undefined {
  const stepOf = unit === 'mo' ? monthStep : dayStep(unit === 'w' ? 7 * count : count, unit === 'w');
  const months = unit === 'mo' ? count : 1;
  const edges: number[] = [];
  let local = stepOf(zone.localAt(start), 0, months);
  for (let moment = zone.momentOf(local); ; moment = zone.momentOf(local)) {
    if (edges.at(-1) !== moment) edges.push(moment);
    if (moment >= end) return edges;
    if (edges.length > mostCalendarIntervals) return undefined;
    local = stepOf(local, 1, months);
  }
}

type Step = (local: number, by: number, months: number) => number;

// 1970-01-01 was a Thursday; its week began three days before.
const dayStep =
  (days: number, weeks: boolean): Step =>
  (local, by) => {
    const origin = weeks ? -3 * dayMs : 0;
    return (Math.floor((local - origin) / (days * dayMs)) + by) * days * dayMs + origin;
  };

const monthStep: Step = (local, by, months) => {
  const date = new Date(local);
  const month = (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
  return Date.UTC(1970, (Math.floor(month / months) + by) * months, 1);
};
