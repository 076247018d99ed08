import type { LineEvent } from '@streamflow/contracts';

/*
 * What the metric routes should answer, counted by itself: it shares nothing with the server's sources but the form of
 * an event.
 */

export interface Span {
  readonly from: number;
  readonly to: number;
}

export const within = (events: readonly LineEvent[], { from, to }: Span): readonly LineEvent[] =>
  events.filter(({ timestamp }) => Date.parse(timestamp) >= from && Date.parse(timestamp) < to);

const isError = ({ type, data }: LineEvent): boolean =>
  type === 'error' ||
  (type === 'api.response' &&
    [data.status, data.status_code].some((code) => typeof code === 'number' && code >= 500));

function seconds({ data }: LineEvent): number[] {
  const { response_time: time, duration, duration_ms: milliseconds } = data;
  if (typeof time === 'number' && time >= 0) return [time];
  if (typeof duration === 'number' && duration >= 0) return [duration];
  return typeof milliseconds === 'number' && milliseconds >= 0 ? [milliseconds / 1000] : [];
}

const different = (values: readonly (string | null)[]): number =>
  new Set(values.filter((value) => value !== null)).size;

/** Every metric of some events in a span of so many seconds. */
export function metricsOf(events: readonly LineEvent[], length: number): Record<string, number | null> {
  const times = events.flatMap(seconds).sort((a, b) => a - b);
  const errors = events.filter(isError).length;
  const users = different(events.map(({ user_id }) => user_id));
  const quantile = (q: number): number | null => times[Math.floor(times.length * q + 1e-9)] ?? null;
  return {
    events_total: events.length,
    events_per_second: events.length / length,
    error_count: errors,
    error_rate: events.length === 0 ? 0 : errors / events.length,
    unique_users: users,
    active_users: users,
    active_sessions: different(events.map(({ session_id }) => session_id)),
    response_time_avg: times.length === 0 ? null : times.reduce((sum, time) => sum + time, 0) / times.length,
    response_time_p50: quantile(0.5),
    response_time_p95: quantile(0.95),
    response_time_p99: quantile(0.99),
  };
}

/** What clocks of a zone show, `2026-10-25 02:30`. */
export function createWallClock(timeZone: string): (moment: number) => string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
  return (moment) => format.format(moment);
}

/** The local day, week (by its Monday) or month of a moment, as a text. */
export function calendarKey(
  unit: 'd' | 'w' | 'mo',
  clock: (moment: number) => string,
  moment: number,
): string {
  const date = clock(moment).slice(0, 10);
  if (unit === 'd') return date;
  if (unit === 'mo') return date.slice(0, 7);
  const noon = new Date(`${date}T12:00:00Z`);
  noon.setUTCDate(noon.getUTCDate() - ((noon.getUTCDay() + 6) % 7));
  return noon.toISOString().slice(0, 10);
}
