import type { MetricType } from '@streamflow/contracts';
import { Aggregate, mergePacked, type PackedAggregate } from './aggregate.ts';
import type { FoldedMetric } from './folded-metric.ts';
import type { MetricGroup } from './live-metrics.ts';
import { seriesKey, TagCaps, type Tags } from './tag-caps.ts';

export const second = 1000;
export const minute = 60_000;
/** How long seconds are kept apart. */
export const secondsKept = 3_600_000;
/** How long minutes are kept. */
export const minutesKept = 86_400_000;

type Series = Map<string, PackedAggregate>;

const minuteOf = (time: number): number => Math.floor(time / minute) * minute;

/**
 * The last hour of a metric by second, and the last day by minute. A minute whose seconds are kept is made of them when
 * it is read; an older one stands for itself.
 */
export class MetricRing {
  /** As it was measured last: a definition may change. */
  type: MetricType;
  private readonly seconds = new Map<number, Series>();
  private readonly minutes = new Map<number, Series>();
  /** Minutes whose seconds have changed since they were made. */
  private readonly stale = new Set<number>();
  /** By its key, which is one and the same text in every second. */
  private readonly combinations = new Map<string, { readonly key: string; readonly tags: Tags }>();
  private readonly caps: TagCaps;
  private secondsFrom = Number.NEGATIVE_INFINITY;
  private minutesFrom = Number.NEGATIVE_INFINITY;

  constructor(type: MetricType, maxTagValues: number) {
    this.type = type;
    this.caps = new TagCaps(maxTagValues);
  }

  /** Merges it in, unless it is older than what is kept; tells whether its tags were beyond the cap. */
  add(folded: FoldedMetric): boolean {
    const start = minuteOf(folded.second);
    if (start < this.minutesFrom) return false;
    this.type = folded.type;
    const tags = this.caps.admit(folded.tags, folded.second);
    const key = this.keyOf(tags);
    if (folded.second >= this.secondsFrom) {
      mergeInto(this.seconds, folded.second, key, folded.packed);
      this.stale.add(start);
    } else mergeInto(this.minutes, start, key, folded.packed);
    return tags !== folded.tags;
  }

  /** Forgets what was measured in a span; of minutes whose seconds are gone, those that lie in it whole. */
  clear(from: number, to: number): void {
    for (let at = from; at < to; at += second) {
      if (this.seconds.delete(at)) this.stale.add(minuteOf(at));
    }
    for (let at = Math.ceil(from / minute) * minute; at + minute <= to; at += minute)
      if (at < this.secondsFrom) this.minutes.delete(at);
  }

  /** Lets go what is too old at this time. */
  advance(now: number): void {
    const secondsFrom = minuteOf(now - secondsKept);
    if (secondsFrom <= this.secondsFrom) return;
    for (const at of [...this.stale]) if (at < secondsFrom) this.refresh(at);
    for (const at of this.seconds.keys()) if (at < secondsFrom) this.seconds.delete(at);
    this.secondsFrom = secondsFrom;
    this.minutesFrom = minuteOf(now - minutesKept);
    for (const at of this.minutes.keys()) if (at < this.minutesFrom) this.minutes.delete(at);
    this.caps.forget(this.minutesFrom);
    this.forgetTags();
  }

  /** `from` and `to` are whole seconds; of what is older than an hour, minutes that begin in the span. */
  read(from: number, to: number, groupBy: readonly string[]): MetricGroup[] {
    const groups = new Map<string, { tags: string[]; value: Aggregate }>();
    const merge = (series: Series | undefined): void => {
      for (const [key, packed] of series ?? []) {
        const of = this.combinations.get(key)?.tags ?? {};
        const tags = groupBy.map((name) => of[name] ?? '');
        const name = tags.join('\u0000');
        let group = groups.get(name);
        if (group === undefined) {
          group = { tags, value: new Aggregate() };
          groups.set(name, group);
        }
        group.value.merge(packed);
      }
    };
    let at = Math.max(from, this.minutesFrom);
    while (at < to) {
      const isWhole = at % minute === 0 && at + minute <= to;
      if (isWhole || at < this.secondsFrom) {
        if (this.stale.has(at)) this.refresh(at);
        merge(this.minutes.get(at));
        at = minuteOf(at) + minute;
      } else {
        merge(this.seconds.get(at));
        at += second;
      }
    }
    return [...groups.values()];
  }

  get isEmpty(): boolean {
    return this.seconds.size === 0 && this.minutes.size === 0;
  }

  /** Combinations of tag values in all seconds and minutes together. */
  get cells(): number {
    let cells = 0;
    for (const series of [...this.seconds.values(), ...this.minutes.values()]) cells += series.size;
    return cells;
  }

  private keyOf(tags: Tags): string {
    const key = seriesKey(tags);
    const known = this.combinations.get(key);
    if (known !== undefined) return known.key;
    this.combinations.set(key, { key, tags });
    return key;
  }

  /** Makes a minute of its seconds. */
  private refresh(start: number): void {
    this.stale.delete(start);
    const merged: Series = new Map();
    for (let at = start; at < start + minute; at += second)
      for (const [key, packed] of this.seconds.get(at) ?? []) put(merged, key, packed);
    if (merged.size > 0) this.minutes.set(start, merged);
    else this.minutes.delete(start);
  }

  private forgetTags(): void {
    const used = new Set<string>();
    for (const series of [...this.seconds.values(), ...this.minutes.values()])
      for (const key of series.keys()) used.add(key);
    for (const key of this.combinations.keys()) if (!used.has(key)) this.combinations.delete(key);
  }
}

function mergeInto(times: Map<number, Series>, at: number, key: string, packed: PackedAggregate): void {
  let series = times.get(at);
  if (series === undefined) {
    series = new Map();
    times.set(at, series);
  }
  put(series, key, packed);
}

function put(series: Series, key: string, packed: PackedAggregate): void {
  const before = series.get(key);
  series.set(key, before === undefined ? packed : mergePacked(before, packed));
}
