import type { Comparison } from '@streamflow/contracts';
import type { IntervalLength, IntervalRange } from '../time/intervals.ts';
import { intervalForm, intervalsOf, mostCalendarIntervals, parseIntervalLength } from '../time/intervals.ts';
import { findTimeZone, type TimeZone, utc } from '../time/time-zone.ts';
import type { EventFilter } from './event-query.ts';
import type { QueryReader } from './query-reader.ts';

const dayMs = 86_400_000;
const defaultRangeMs = dayMs;
const defaultInterval = '1h';

/** Milliseconds since the epoch; the end is not included. */
export interface Period {
  readonly start: number;
  readonly end: number;
}

/** The period of a filter, 24 hours to now where it says nothing else. */
export function readPeriod(reader: QueryReader, filter: EventFilter, now: number): Period {
  const end = filter.end ?? now;
  const start = filter.start ?? end - defaultRangeMs;
  if (start >= end && (filter.start === undefined || filter.end === undefined))
    reader.refuse('end', 'end must be later than start');
  return { start, end };
}

export function readTimeZone(reader: QueryReader): TimeZone {
  const name = reader.text('time_zone');
  if (name === undefined) return utc;
  const zone = findTimeZone(name);
  if (zone === undefined)
    reader.refuse(
      'time_zone',
      'time_zone must be a name of the IANA time zone database, such as Europe/Berlin',
    );
  return zone ?? utc;
}

export interface NamedInterval extends IntervalLength {
  /** As it was asked for. */
  readonly text: string;
}

export function readIntervalLength(reader: QueryReader): NamedInterval {
  const text = reader.text('interval') ?? defaultInterval;
  const length = parseIntervalLength(text);
  if (length === undefined) reader.refuse('interval', `interval must be ${intervalForm}`);
  return { ...(length ?? { count: 1, unit: 'h' }), text };
}

/** The intervals of a period; refuses a calendar that is too long to be laid out. */
export function readIntervals(
  reader: QueryReader,
  length: IntervalLength,
  zone: TimeZone,
  { start, end }: Period,
): IntervalRange {
  if (start >= end) return { total: 0, edges: () => [] };
  const intervals = intervalsOf(length, zone, start, end);
  if (intervals === undefined)
    reader.refuse(
      'interval',
      `the period has more than ${mostCalendarIntervals} days, weeks or months to lay out by the calendar: take a longer interval, a shorter period, or lengths up to 30d in UTC`,
    );
  return intervals ?? { total: 0, edges: () => [] };
}

/** The period that one is compared with, in the calendar of a zone. */
export function comparedPeriod(comparison: Comparison, { start, end }: Period, zone: TimeZone): Period {
  if (comparison === 'previous') return { start: startOfPrevious(start, end, zone), end: start };
  const earlier = (moment: number): number => zone.momentOf(shiftLocal(zone.localAt(moment), comparison));
  return { start: earlier(start), end: earlier(end) };
}

/** As many local days before, where both are midnights, so that a day of 23 hours is compared with a whole one. */
function startOfPrevious(start: number, end: number, zone: TimeZone): number {
  const from = zone.localAt(start);
  const to = zone.localAt(end);
  const isOfDays = from % dayMs === 0 && to % dayMs === 0;
  return isOfDays ? zone.momentOf(2 * from - to) : 2 * start - end;
}

function shiftLocal(local: number, comparison: Exclude<Comparison, 'previous'>): number {
  if (comparison === 'previous_day') return local - dayMs;
  if (comparison === 'previous_week') return local - 7 * dayMs;
  const date = new Date(local);
  const months = date.getUTCFullYear() * 12 + date.getUTCMonth() - (comparison === 'previous_month' ? 1 : 12);
  const year = Math.floor(months / 12);
  const month = months % 12;
  // The 31st of a month without one is its last day.
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const midnight = Date.UTC(year, month, Math.min(date.getUTCDate(), lastDay));
  return midnight + (local - Math.floor(local / dayMs) * dayMs);
}
