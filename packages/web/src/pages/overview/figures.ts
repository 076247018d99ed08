import { useQuery } from '@tanstack/react-query';
import { client } from '../../app/session.ts';
import { toEventFilter } from '../../lib/filter.ts';
import {
  intervalFor,
  intervalStarts,
  refreshOf,
  resolveRange,
  spanOf,
  type TimeRange,
} from '../../lib/time-range.ts';

const minute = 60_000;

/** A figure over the range, its course, and what it was over the same time before. */
export interface Figure {
  readonly now: number | null;
  readonly before: number | null;
  readonly course: readonly (number | null)[];
}

export interface Figures {
  readonly perSecond: Figure;
  readonly users: Figure;
  readonly errorRate: Figure;
  readonly responseAverage: Figure;
  readonly responseP95: Figure;
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);

async function readFigures(range: TimeRange, signal: AbortSignal): Promise<Figures> {
  const { start, end } = resolveRange(range, Date.now());
  const span = end - start;
  const step = intervalFor(span, 60, minute);
  const now = toEventFilter([], { start, end });
  const before = toEventFilter([], { start: start - span, end: start });
  const iso = (at: number): string => new Date(at).toISOString();
  const course = { ...now, interval: step.text, compare: 'previous' } as const;
  const [points, pointsBefore, users, usersBefore, average, p95] = await Promise.all([
    client.metrics.historical({ start: iso(start), end: iso(end), interval: step.text }, { signal }),
    client.metrics.historical({ start: iso(start - span), end: iso(start), interval: step.text }, { signal }),
    client.events.aggregate({ ...now, metric: 'unique_users' }, { signal }),
    client.events.aggregate({ ...before, metric: 'unique_users' }, { signal }),
    client.metrics.series({ ...course, metric: 'response_time_avg' }, { signal }),
    client.metrics.series({ ...course, metric: 'response_time_p95' }, { signal }),
  ]);
  const events = sum(points.data.map(({ events_total = 0 }) => events_total));
  const eventsBefore = sum(pointsBefore.data.map(({ events_total = 0 }) => events_total));
  const errors = sum(points.data.map(({ error_count = 0 }) => error_count));
  const errorsBefore = sum(pointsBefore.data.map(({ error_count = 0 }) => error_count));
  const figureOf = ({ total, previous, data }: typeof average): Figure => ({
    now: total,
    before: previous?.total ?? null,
    course: data.map(({ value }) => value),
  });
  return {
    perSecond: {
      now: events / (span / 1000),
      before: eventsBefore / (span / 1000),
      course: points.data.map(({ events_total = 0 }) => events_total),
    },
    users: {
      now: users.total,
      before: usersBefore.total,
      course: points.data.map(({ unique_users = 0 }) => unique_users),
    },
    errorRate: {
      now: share(errors, events),
      before: share(errorsBefore, eventsBefore),
      course: points.data.map(({ error_count = 0, events_total = 0 }) => share(error_count, events_total)),
    },
    responseAverage: figureOf(average),
    responseP95: figureOf(p95),
  };
}

export const useFigures = (range: TimeRange) =>
  useQuery({
    queryKey: ['figures', range],
    queryFn: ({ signal }) => readFigures(range, signal),
    refetchInterval: refreshOf(range, Date.now()),
    placeholderData: (old) => old,
  });

/** Events by type over the range, and how far apart the points are. */
export const useTypesOverTime = (range: TimeRange) =>
  useQuery({
    queryKey: ['types over time', range],
    queryFn: async ({ signal }) => {
      const { start, end } = resolveRange(range, Date.now());
      const step = intervalFor(end - start);
      const result = await client.events.aggregate(
        { ...toEventFilter([], { start, end }), group_by: 'type', interval: step.text, limit: 8 },
        { signal },
      );
      return { result, times: intervalStarts(start, end, step.ms), step: step.ms };
    },
    refetchInterval: refreshOf(range, Date.now()),
    placeholderData: (old) => old,
  });

/** The values of a field with the most events. */
export const useTop = (field: 'source' | 'data.page', range: TimeRange) =>
  useQuery({
    queryKey: ['top', field, range],
    queryFn: async ({ signal }) => {
      const filter = toEventFilter([], resolveRange(range, Date.now()));
      return client.events.aggregate({ ...filter, group_by: field, limit: 8 }, { signal });
    },
    refetchInterval: spanOf(range) <= 86_400_000 ? 30_000 : 120_000,
    placeholderData: (old) => old,
  });
