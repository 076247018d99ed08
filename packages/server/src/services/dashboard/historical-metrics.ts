import type { HistoricalMetrics, StoredMetric } from '@streamflow/contracts';
import { HistoricalMetricsQuery, historicalMetrics, storedMetrics } from '@streamflow/contracts';
import type { Clock } from '../../domain/clock.ts';
import { formatTimestamp } from '../../domain/events/timestamp.ts';
import type { EventFilter } from '../../domain/queries/event-query.ts';
import { readEventFilter } from '../../domain/queries/parse-event-filter.ts';
import {
  type Period,
  readIntervalLength,
  readIntervals,
  readPeriod,
  readTimeZone,
} from '../../domain/queries/parse-period.ts';
import { createQueryReader, type QueryReader } from '../../domain/queries/query-reader.ts';
import { asIntervals, type IntervalRange } from '../../domain/time/intervals.ts';
import type { EventStore } from '../../engines/event-store/port.ts';
import type { MountedRoute } from '../../http/service.ts';
import { measuresOf, pointOf } from './historical-points.ts';

const defaultMetrics: readonly StoredMetric[] = ['events_total', 'unique_users', 'error_count'];
const defaultLimit = 1000;
const maxLimit = 10_000;
const maxPage = 1_000_000;

interface HistoryRequest {
  readonly filter: EventFilter;
  readonly period: Period;
  readonly intervals: IntervalRange;
  readonly metrics: readonly StoredMetric[];
  readonly page: number;
  readonly limit: number;
}

export interface HistoricalMetricsOptions {
  readonly events: Pick<EventStore, 'history'>;
  readonly clock: Clock;
}

/** Metrics by interval, read from the store. */
export function historicalMetricsRoute({ events, clock }: HistoricalMetricsOptions): MountedRoute {
  return {
    contract: historicalMetrics,
    async handle({ query, principal: { project }, signal }) {
      const request = readRequest(query, project, clock.now());
      const { page, limit } = request;
      const { total } = request.intervals;
      const from = (page - 1) * limit;
      return {
        data: from >= total ? [] : await readPoints(events, request, from, signal),
        pagination: {
          page,
          page_size: limit,
          total,
          pages: Math.ceil(total / limit),
          has_next: from + limit < total,
          has_prev: page > 1,
        },
      };
    },
  };
}

/** One point for each interval, also where nothing happened; only the events of the page are read. */
async function readPoints(
  events: HistoricalMetricsOptions['events'],
  { filter, period, intervals, metrics, limit }: HistoryRequest,
  from: number,
  signal: AbortSignal,
): Promise<HistoricalMetrics[]> {
  const edges = intervals.edges(from, limit);
  // The first interval of all begins at or before the start and counts from it on.
  const start = Math.max(period.start, edges[0] ?? period.start);
  const end = Math.min(period.end, edges.at(-1) ?? period.end);
  const found = await events.history(
    { filter: { ...filter, start, end }, interval: asIntervals(edges), measures: measuresOf(metrics) },
    { signal },
  );
  const byTime = new Map(found.map((point) => [point.timestamp, point]));
  return edges.slice(0, -1).map((time, i) => {
    const seconds = (Math.min(end, edges[i + 1] ?? end) - Math.max(start, time)) / 1000;
    return { timestamp: formatTimestamp(time), ...pointOf(metrics, byTime.get(time), seconds) };
  });
}

function readRequest(query: unknown, project: string, now: number): HistoryRequest {
  const reader = createQueryReader(query);
  const filter = readEventFilter(reader, project, HistoricalMetricsQuery);
  const period = readPeriod(reader, filter, now);
  const zone = readTimeZone(reader);
  const intervals = readIntervals(reader, readIntervalLength(reader), zone, period);
  const metrics = readMetrics(reader);
  const page = reader.integer('page', 1, maxPage) ?? 1;
  const limit = reader.integer('limit', 1, maxLimit) ?? defaultLimit;
  reader.finish();
  return { filter, period, intervals, metrics, page, limit };
}

function readMetrics(reader: QueryReader): readonly StoredMetric[] {
  const names = reader.list('metrics')?.flatMap((text) => text.split(','));
  if (names === undefined) return defaultMetrics;
  const known = names.flatMap((name) => storedMetrics.find((metric) => metric === name) ?? []);
  if (known.length < names.length)
    reader.refuse('metrics', `metrics must be any of ${storedMetrics.join(', ')}`, storedMetrics);
  return [...new Set(known)];
}
