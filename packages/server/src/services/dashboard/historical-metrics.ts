import type { Issue, HistoricalMetrics as Point } from '@streamflow/contracts';
import { HistoricalMetricsQuery, historicalMetrics } from '@streamflow/contracts';
import { Compile } from 'typebox/compile';
import type { Clock } from '../../domain/clock.ts';
import { validationError } from '../../domain/errors.ts';
import { formatTimestamp, parseTimestamp } from '../../domain/events/timestamp.ts';
import { parseInterval } from '../../domain/queries/interval.ts';
import type { EventStore } from '../../engines/event-store/port.ts';
import type { MountedRoute } from '../../http/service.ts';

const minute = 60_000;
const day = 86_400_000;
const shortestInterval = minute;
const longestInterval = 30 * day;
const defaultRange = day;
const defaultInterval = '1h';
const defaultLimit = 1000;

const historicalQuery = Compile(HistoricalMetricsQuery);

/** A page of the intervals between two times; times are milliseconds since the epoch. */
interface HistoryRequest {
  readonly start: number;
  readonly end: number;
  readonly interval: number;
  readonly page: number;
  readonly limit: number;
}

export interface HistoricalMetricsOptions {
  readonly events: Pick<EventStore, 'history'>;
  readonly clock: Clock;
}

/** Events, users and errors by interval, read from the store. */
export function historicalMetricsRoute({ events, clock }: HistoricalMetricsOptions): MountedRoute {
  return {
    contract: historicalMetrics,
    async handle({ query, principal: { project }, signal }) {
      const request = readRequest(historicalQuery.Parse(query), clock.now());
      const { start, end, interval, page, limit } = request;
      // The first interval begins at or before the start and counts from it on.
      const first = Math.floor(start / interval) * interval;
      const total = Math.ceil((end - first) / interval);
      const from = (page - 1) * limit;
      const times = Array.from(
        { length: Math.min(limit, Math.max(0, total - from)) },
        (_, i) => first + (from + i) * interval,
      );
      return {
        data: await readPoints(events, project, request, times, signal),
        pagination: {
          page,
          page_size: limit,
          total,
          pages: Math.ceil(total / limit),
          has_next: from + times.length < total,
          has_prev: page > 1,
        },
      };
    },
  };
}

/** One point for each time, zeros where nothing happened; only the events of these intervals are read. */
async function readPoints(
  events: HistoricalMetricsOptions['events'],
  project: string,
  { start, end, interval }: HistoryRequest,
  times: readonly number[],
  signal: AbortSignal,
): Promise<Point[]> {
  const first = times[0];
  const last = times.at(-1);
  if (first === undefined || last === undefined) return [];
  const filter = { project, start: Math.max(start, first), end: Math.min(end, last + interval) };
  const found = await events.history({ filter, interval }, { signal });
  const byTime = new Map(found.map((point) => [point.timestamp, point]));
  return times.map((time) => {
    const point = byTime.get(time);
    return {
      timestamp: formatTimestamp(time),
      events_total: point?.events ?? 0,
      unique_users: point?.uniqueUsers ?? 0,
      error_count: point?.errors ?? 0,
    };
  });
}

function readRequest(query: HistoricalMetricsQuery, now: number): HistoryRequest {
  const issues: Issue[] = [];
  const readTime = (field: 'start' | 'end', absent: number): number => {
    const text = query[field];
    if (text === undefined) return absent;
    const time = parseTimestamp(text);
    if (!Number.isNaN(time)) return time;
    issues.push({
      field,
      message: `${field} must be a time in RFC 3339 form with an offset, such as 2023-12-01T00:00:00Z, of the years 1900 to 2299`,
    });
    return absent;
  };
  const readInterval = (): number => {
    const interval = parseInterval(query.interval ?? defaultInterval);
    if (interval !== undefined && interval >= shortestInterval && interval <= longestInterval)
      return interval;
    issues.push({ field: 'interval', message: 'interval must be from 1m to 30d' });
    return shortestInterval;
  };
  const end = readTime('end', now);
  const start = readTime('start', end - defaultRange);
  if (issues.length === 0 && start >= end)
    issues.push({ field: 'end', message: 'end must be later than start' });
  const interval = readInterval();
  const [first, ...others] = issues;
  if (first !== undefined) throw validationError([first, ...others]);
  return { start, end, interval, page: query.page ?? 1, limit: query.limit ?? defaultLimit };
}
