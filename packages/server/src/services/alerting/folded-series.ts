import { Aggregate, mergePacked, type PackedAggregate } from '../../domain/metrics/aggregate.ts';
import type { DefinedMetric } from '../../domain/metrics/defined-metric.ts';
import { EventFold } from '../../domain/metrics/event-fold.ts';
import type { FoldedMetric } from '../../domain/metrics/folded-metric.ts';
import type { MetricGroup, MetricRead } from '../../domain/metrics/live-metrics.ts';
import type { EventFilter } from '../../domain/queries/event-query.ts';
import type { EventStore } from '../../engines/event-store/port.ts';
import { groupKey } from './rule-book.ts';
import type { SeriesQuery, StoredSeries } from './series.ts';

/* What only the events themselves say: quantiles, distinct users, expressions. They are folded by the very code that
 * measures live, so that a preview reads what an evaluation would have read. */

export interface FoldOptions {
  readonly filter: EventFilter;
  /** Metrics that are read. */
  readonly metrics: ReadonlySet<string>;
  readonly definitions: readonly DefinedMetric[];
  readonly groupBy: readonly string[];
  readonly maxTagValues: number;
  /** Spans, so long before the present one, that are read at each evaluation. */
  readonly spans: number;
}

export async function readFoldedSeries(
  events: Pick<EventStore, 'export'>,
  { filter, metrics, definitions, groupBy, maxTagValues, spans }: FoldOptions,
  query: SeriesQuery,
  signal: AbortSignal,
): Promise<StoredSeries> {
  const { project, step } = query;
  const series = new FoldedSeries(query, groupBy, spans);
  const fold = new EventFold({ maxTagValues, definitions: () => definitions, intervalMs: step });
  for await (const page of events.export({ filter, order: 'asc' }, { signal })) {
    for (const event of page) fold.add(project, event, Date.parse(event.timestamp));
    for (const one of fold.take().get(project) ?? []) if (metrics.has(one.name)) series.add(one);
  }
  return series;
}

interface Group {
  readonly tags: readonly string[];
  readonly packed: PackedAggregate;
}

/** By the key of the group; never changed once it is made. */
type Groups = ReadonlyMap<string, Group>;

const nothing: Groups = new Map();

/** What each step of a stretch as long as a window has together with those after it, or before it, in the stretch. */
interface Stretch {
  readonly after: readonly Groups[];
  readonly before: readonly Groups[];
}

/**
 * Aggregates by step. A window is the end of one stretch of its length and the beginning of the next, so that it takes one
 * merge however long it is.
 */
class FoldedSeries implements StoredSeries {
  readonly #query: SeriesQuery;
  readonly #groupBy: readonly string[];
  readonly #stretchesKept: number;
  readonly #busy: Uint8Array;
  readonly #metrics = new Map<string, Map<number, Map<string, Group>>>();
  readonly #stretches = new Map<string, Stretch>();

  constructor(query: SeriesQuery, groupBy: readonly string[], spans: number) {
    this.#query = query;
    this.#groupBy = groupBy;
    // Each span is in two of them.
    this.#stretchesKept = 2 * spans + 2;
    this.#busy = new Uint8Array(this.#indexOf(query.to));
  }

  add({ name, tags: of, second: at, packed }: FoldedMetric): void {
    const steps = this.#metrics.get(name) ?? new Map<number, Map<string, Group>>();
    this.#metrics.set(name, steps);
    const index = this.#indexOf(at);
    this.#busy[index] = 1;
    const groups = steps.get(index) ?? new Map<string, Group>();
    steps.set(index, groups);
    const tags = this.#groupBy.map((tag) => of[tag] ?? '');
    put(groups, groupKey(tags), { tags, packed });
  }

  read({ metric, from, to }: MetricRead): MetricGroup[] {
    const first = this.#indexOf(from);
    const length = this.#indexOf(to) - first;
    const number = Math.floor(first / length);
    const offset = first - number * length;
    const start = this.#stretch(metric, length, number).after[offset] ?? nothing;
    const end =
      offset === 0 ? nothing : (this.#stretch(metric, length, number + 1).before[offset - 1] ?? nothing);
    const found: MetricGroup[] = [];
    for (const key of new Set([...start.keys(), ...end.keys()])) {
      const value = new Aggregate();
      const parts = [start.get(key), end.get(key)].filter((part) => part !== undefined);
      for (const { packed } of parts) value.merge(packed);
      found.push({ tags: parts[0]?.tags ?? [], value });
    }
    return found;
  }

  hasAny(at: number): boolean {
    return this.#busy[this.#indexOf(at)] === 1;
  }

  #stretch(metric: string, length: number, number: number): Stretch {
    const key = `${metric} ${length} ${number}`;
    const known = this.#stretches.get(key);
    if (known !== undefined) return known;
    const steps = this.#metrics.get(metric);
    const at = (offset: number): Groups => steps?.get(number * length + offset) ?? nothing;
    const before: Groups[] = [];
    const after: Groups[] = [];
    for (let offset = 0; offset < length; offset++)
      before.push(merged(before[offset - 1] ?? nothing, at(offset)));
    for (let offset = length - 1; offset >= 0; offset--)
      after[offset] = merged(after[offset + 1] ?? nothing, at(offset));
    const stretch = { before, after };
    this.#stretches.set(key, stretch);
    const [oldest] = this.#stretches.keys();
    if (this.#stretches.size > this.#stretchesKept && oldest !== undefined) this.#stretches.delete(oldest);
    return stretch;
  }

  #indexOf(at: number): number {
    return Math.floor((at - this.#query.from) / this.#query.step);
  }
}

function merged(a: Groups, b: Groups): Groups {
  if (a.size === 0) return b;
  if (b.size === 0) return a;
  const both = new Map(a);
  for (const [key, group] of b) put(both, key, group);
  return both;
}

function put(groups: Map<string, Group>, key: string, group: Group): void {
  const before = groups.get(key);
  groups.set(
    key,
    before === undefined ? group : { ...group, packed: mergePacked(before.packed, group.packed) },
  );
}
