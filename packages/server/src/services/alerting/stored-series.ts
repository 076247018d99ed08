import { validationError } from '../../domain/errors.ts';
import { measured } from '../../domain/expressions/metric-catalogue.ts';
import type { LiveMetrics, MetricGroup, MetricRead, MetricValue } from '../../domain/metrics/live-metrics.ts';
import type { EventStore } from '../../engines/event-store/port.ts';
import type { ReadyRule } from './rule-book.ts';

/** Metrics that count events, and so can be had from stored events by interval. */
const counted: readonly string[] = [measured.events, measured.errors];
const groupable = ['type', 'source', 'severity'] as const;
type Groupable = (typeof groupable)[number];
/** Groups that a preview follows: the largest. */
const mostGroups = 200;

export interface SeriesQuery {
  readonly project: string;
  /** Milliseconds since the epoch, multiples of the step. */
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

/**
 * What the metrics of a rule would have read, from the stored events: by steps, which windows are made of. One query for
 * all of it.
 * @throws StreamFlowError ValidationError when the rule reads what cannot be had so
 */
export async function readStoredSeries(
  events: Pick<EventStore, 'history' | 'aggregate'>,
  rule: ReadyRule,
  query: SeriesQuery,
  signal: AbortSignal,
): Promise<Pick<LiveMetrics, 'read'>> {
  const metrics = new Set(
    [...rule.condition.reads, ...(rule.resolveCondition?.reads ?? [])].map(({ metric }) => metric),
  );
  const groupBy = rule.definition.group_by;
  for (const metric of metrics)
    if (!counted.includes(metric) || (groupBy.length > 0 && metric !== measured.events))
      throw validationError([
        {
          field: 'rule.condition',
          message:
            'A preview knows conditions over counts of events and errors (events_total, events_per_second, error_count, error_rate), with group_by over counts of events alone',
        },
      ]);
  const series = new Series(query);
  if (groupBy.length === 0) await readHistory(events, query, series, signal);
  else await readGroups(events, query, groupBy, series, signal);
  return { read: (read) => series.read(read) };
}

async function readHistory(
  events: Pick<EventStore, 'history'>,
  { project, from, to, step }: SeriesQuery,
  series: Series,
  signal: AbortSignal,
): Promise<void> {
  const points = await events.history(
    { filter: { project, start: from, end: to }, interval: step },
    { signal },
  );
  for (const { timestamp, events: count, errors } of points) {
    series.add(measured.events, [], timestamp, count);
    series.add(measured.errors, [], timestamp, errors);
  }
  series.close();
}

async function readGroups(
  events: Pick<EventStore, 'aggregate'>,
  { project, from, to, step }: SeriesQuery,
  groupBy: readonly string[],
  series: Series,
  signal: AbortSignal,
): Promise<void> {
  const fields = groupBy.map((name) => {
    const field = groupable.find((one) => one === name);
    if (field === undefined || groupBy.length > 2)
      throw validationError([
        {
          field: 'rule.group_by',
          message: 'A preview knows at most two of type, source and severity as groups',
          allowed_values: [...groupable],
        },
      ]);
    return { kind: 'field' as const, field: field satisfies Groupable };
  });
  const { series: points = [] } = await events.aggregate(
    {
      filter: { project, start: from, end: to },
      metric: 'count',
      groupBy: fields,
      interval: step,
      limit: mostGroups,
    },
    { signal },
  );
  for (const { timestamp, aggregations } of points)
    for (const [first, value] of Object.entries(aggregations)) {
      const at = Date.parse(timestamp);
      if (typeof value === 'number') series.add(measured.events, [first], at, value);
      else if (value !== null)
        for (const [second, count] of Object.entries(value))
          if (count !== null) series.add(measured.events, [first, second], at, count);
    }
  series.close();
}

interface Sums {
  readonly tags: readonly string[];
  /** What came before each step, and at the end of all. */
  readonly before: Float64Array;
}

/** Counts by step, added up so that any window of whole steps is one subtraction. */
class Series {
  readonly #query: SeriesQuery;
  readonly #steps: number;
  readonly #metrics = new Map<string, Map<string, Sums>>();

  constructor(query: SeriesQuery) {
    this.#query = query;
    this.#steps = Math.ceil((query.to - query.from) / query.step);
  }

  add(metric: string, tags: readonly string[], at: number, count: number): void {
    const groups = this.#metrics.get(metric) ?? new Map<string, Sums>();
    this.#metrics.set(metric, groups);
    const key = JSON.stringify(tags);
    const sums = groups.get(key) ?? { tags, before: new Float64Array(this.#steps + 1) };
    groups.set(key, sums);
    const index = this.#indexOf(at) + 1;
    sums.before[index] = (sums.before[index] ?? 0) + count;
  }

  /** Makes sums of the counts. */
  close(): void {
    for (const groups of this.#metrics.values())
      for (const { before } of groups.values())
        for (let index = 1; index < before.length; index++)
          before[index] = (before[index] ?? 0) + (before[index - 1] ?? 0);
  }

  read({ metric, from, to }: MetricRead): MetricGroup[] {
    const found: MetricGroup[] = [];
    for (const { tags, before } of this.#metrics.get(metric)?.values() ?? []) {
      const count = (before[this.#indexOf(to)] ?? 0) - (before[this.#indexOf(from)] ?? 0);
      if (count > 0) found.push({ tags, value: countOf(count) });
    }
    return found;
  }

  #indexOf(at: number): number {
    const index = Math.floor((at - this.#query.from) / this.#query.step);
    return Math.min(Math.max(0, index), this.#steps);
  }
}

const countOf = (count: number): MetricValue => ({
  count,
  sum: count,
  min: 1,
  max: 1,
  last: 1,
  unique: 0,
  quantile: () => 1,
});
