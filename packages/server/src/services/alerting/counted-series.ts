import { type MetricFigure, measured } from '../../domain/expressions/metric-catalogue.ts';
import type { MetricGroup, MetricRead, MetricValue } from '../../domain/metrics/live-metrics.ts';
import type { EventStore } from '../../engines/event-store/port.ts';
import type { SeriesQuery, StoredSeries } from './series.ts';

/* What the event store counts and adds up by interval itself, however many events there are. */

const counted: readonly string[] = [measured.events, measured.errors];
/** What counts and sums say of response times. */
const additive: readonly string[] = ['avg', 'sum', 'count', 'rate'];
const groupable = ['type', 'source', 'severity'] as const;
/** Groups that a preview follows: the largest. */
const mostGroups = 200;

/** Whether the store can count what figures are made of. */
export const isCounted = (figures: readonly MetricFigure[], groupBy: readonly string[]): boolean =>
  figures.every(
    ({ metric, statistic }) =>
      counted.includes(metric) ||
      (groupBy.length === 0 && metric === measured.responseTime && additive.includes(statistic)),
  ) &&
  groupBy.length <= 2 &&
  groupBy.every((name) => groupable.some((one) => one === name));

export async function readCountedSeries(
  events: Pick<EventStore, 'history' | 'aggregate'>,
  figures: readonly MetricFigure[],
  groupBy: readonly string[],
  query: SeriesQuery,
  signal: AbortSignal,
): Promise<StoredSeries> {
  const series = new CountedSeries(query);
  const reads = (metric: string): boolean => figures.some((figure) => figure.metric === metric);
  if (groupBy.length === 0) await addHistory(events, query, reads(measured.responseTime), series, signal);
  else await addGroups(events, query, groupBy, reads(measured.errors), series, signal);
  series.close();
  return series;
}

async function addHistory(
  events: Pick<EventStore, 'history'>,
  { project, from, to, step }: SeriesQuery,
  isTimed: boolean,
  series: CountedSeries,
  signal: AbortSignal,
): Promise<void> {
  const points = await events.history(
    {
      filter: { project, start: from, end: to },
      interval: step,
      measures: isTimed ? ['response_time'] : [],
    },
    { signal },
  );
  for (const { timestamp, events: count, errors, responseTime } of points) {
    series.add(measured.events, [], timestamp, count, count);
    series.add(measured.errors, [], timestamp, errors, errors);
    if (responseTime !== undefined)
      series.add(measured.responseTime, [], timestamp, responseTime.count, responseTime.sum);
  }
}

async function addGroups(
  events: Pick<EventStore, 'aggregate'>,
  { project, from, to, step }: SeriesQuery,
  groupBy: readonly string[],
  withErrors: boolean,
  series: CountedSeries,
  signal: AbortSignal,
): Promise<void> {
  const fields = groupable.filter((name) => groupBy.includes(name));
  const ask = {
    filter: { project, start: from, end: to },
    groupBy: groupBy.flatMap((name) =>
      fields.filter((field) => field === name).map((field) => ({ kind: 'field' as const, field })),
    ),
    interval: step,
    limit: mostGroups,
  };
  const groups = new Map<string, readonly string[]>();
  const add = async (metric: string, query: Parameters<EventStore['aggregate']>[0]): Promise<void> => {
    const { series: points = [] } = await events.aggregate(query, { signal });
    for (const { timestamp, aggregations } of points)
      for (const [first, value] of Object.entries(aggregations)) {
        const at = Date.parse(timestamp);
        const inner =
          typeof value === 'number' || value === null ? [['', value] as const] : Object.entries(value);
        for (const [second, count] of inner) {
          const tags = groupBy.length === 1 ? [first] : [first, second];
          if (count === null || count === 0) continue;
          groups.set(JSON.stringify(tags), tags);
          series.add(metric, tags, at, count, count);
        }
      }
  };
  await add(measured.events, { ...ask, metric: 'count' });
  if (withErrors && groups.size > 0)
    await add(measured.errors, { ...ask, metric: 'error_count', only: [...groups.values()] });
}

interface Sums {
  readonly tags: readonly string[];
  /** What came before each step, and at the end of all. */
  readonly counts: Float64Array;
  readonly sums: Float64Array;
}

/** Counts and sums by step, added up so that any window of whole steps is one subtraction. */
class CountedSeries implements StoredSeries {
  readonly #query: SeriesQuery;
  readonly #steps: number;
  readonly #busy: Uint8Array;
  readonly #metrics = new Map<string, Map<string, Sums>>();

  constructor(query: SeriesQuery) {
    this.#query = query;
    this.#steps = Math.ceil((query.to - query.from) / query.step);
    this.#busy = new Uint8Array(this.#steps);
  }

  add(metric: string, tags: readonly string[], at: number, count: number, sum: number): void {
    if (count === 0) return;
    const groups = this.#metrics.get(metric) ?? new Map<string, Sums>();
    this.#metrics.set(metric, groups);
    const key = JSON.stringify(tags);
    const length = this.#steps + 1;
    const known = groups.get(key) ?? {
      tags,
      counts: new Float64Array(length),
      sums: new Float64Array(length),
    };
    groups.set(key, known);
    const index = this.#indexOf(at);
    this.#busy[index] = 1;
    known.counts[index + 1] = (known.counts[index + 1] ?? 0) + count;
    known.sums[index + 1] = (known.sums[index + 1] ?? 0) + sum;
  }

  /** Makes sums of what was added. */
  close(): void {
    for (const groups of this.#metrics.values())
      for (const { counts, sums } of groups.values())
        for (let index = 1; index < counts.length; index++) {
          counts[index] = (counts[index] ?? 0) + (counts[index - 1] ?? 0);
          sums[index] = (sums[index] ?? 0) + (sums[index - 1] ?? 0);
        }
  }

  read({ metric, from, to }: MetricRead): MetricGroup[] {
    const found: MetricGroup[] = [];
    const [first, end] = [this.#indexOf(from), this.#indexOf(to)];
    for (const { tags, counts, sums } of this.#metrics.get(metric)?.values() ?? []) {
      const count = (counts[end] ?? 0) - (counts[first] ?? 0);
      if (count > 0) found.push({ tags, value: sumValue(count, (sums[end] ?? 0) - (sums[first] ?? 0)) });
    }
    return found;
  }

  hasAny(at: number): boolean {
    return this.#busy[this.#indexOf(at)] === 1;
  }

  #indexOf(at: number): number {
    const index = Math.floor((at - this.#query.from) / this.#query.step);
    return Math.min(Math.max(0, index), this.#steps);
  }
}

const sumValue = (count: number, sum: number): MetricValue => ({
  count,
  sum,
  min: 1,
  max: 1,
  last: 1,
  unique: 0,
  quantile: () => 1,
});
