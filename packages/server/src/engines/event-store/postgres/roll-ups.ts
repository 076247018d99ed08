import type { EventFilter } from '../../../domain/queries/event-query.ts';
import type { Intervals } from '../../../domain/time/intervals.ts';
import { fieldConditions } from './filter-sql.ts';
import type { SqlParameters } from './sql-parameters.ts';

export const minuteMs = 60_000;

/** Whether each minute lies in one interval. */
export const isOfWholeMinutes = (interval: Intervals): boolean => isOfWhole(minuteMs, interval);

export const isOfWhole = (milliseconds: number, interval: Intervals): boolean =>
  typeof interval === 'number'
    ? interval % milliseconds === 0
    : interval.every((edge) => edge % milliseconds === 0);

/** The whole minutes of a time range, milliseconds since the epoch; without a bound where the range has none. */
export interface WholeMinutes {
  readonly from: number | undefined;
  readonly to: number | undefined;
}

/** The whole minutes whose totals answer a filter; null when it asks for what the totals do not have, or for less than a minute. */
export function rollUpRange(filter: EventFilter): WholeMinutes | null {
  const { project: _, start, end, types: _t, sources: _s, severities: _v, ...other } = filter;
  if (Object.values(other).some((condition) => condition !== undefined)) return null;
  const from = start === undefined ? undefined : Math.ceil(start / minuteMs) * minuteMs;
  const to = end === undefined ? undefined : Math.floor(end / minuteMs) * minuteMs;
  return from !== undefined && to !== undefined && from >= to ? null : { from, to };
}

/**
 * Totals of all events of a filter: by minute, and by event for the parts of minutes at both ends. Columns are
 * `timestamp`, `type`, `source`, `severity`, `events`, `errors`.
 */
export function totalsSql(
  filter: EventFilter,
  { from, to }: WholeMinutes,
  parameters: SqlParameters,
): string {
  const fields = fieldConditions(filter, parameters);
  const minutes = [...fields];
  if (from !== undefined) minutes.push(`minute >= ${parameters.addTime(from)}`);
  if (to !== undefined) minutes.push(`minute < ${parameters.addTime(to)}`);
  const totals = (table: string): string =>
    `select minute as timestamp, type, source, severity, events, errors from ${table} where ${minutes.join(' and ')}`;
  const parts = [totals('event_minutes'), totals('event_minute_deltas')];
  const single = (start: number, end: number): void => {
    if (start === end) return;
    const range = `timestamp >= ${parameters.addTime(start)} and timestamp < ${parameters.addTime(end)}`;
    parts.push(
      `select timestamp, type, source, severity, 1 as events, is_error::integer as errors from events where ${fields.join(' and ')} and ${range}`,
    );
  };
  if (from !== undefined) single(filter.start ?? from, from);
  if (to !== undefined) single(to, filter.end ?? to);
  return parts.join(' union all ');
}
