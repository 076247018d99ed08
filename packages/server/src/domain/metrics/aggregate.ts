import { ByteReader, ByteWriter } from './bytes.ts';
import { CardinalitySketch } from './cardinality-sketch.ts';
import type { MetricValue } from './live-metrics.ts';
import { QuantileSketch } from './quantile-sketch.ts';
import type { TextHash } from './text-hash.ts';

/** What was measured, as it is kept and sent: a count where every value was 1, else what `Aggregate.pack` made. */
export type PackedAggregate = number | Uint8Array;

const hasValues = 1;
const hasQuantiles = 2;
const hasUniques = 4;

/**
 * What was measured of a metric, in a form that merges: in any order and grouping, with the same outcome but for the
 * rounding of sums.
 */
export class Aggregate implements MetricValue {
  /** Whether anything but events was counted. */
  private valued = false;
  private lastAt = Number.NEGATIVE_INFINITY;
  private quantiles: QuantileSketch | null = null;
  private uniques: CardinalitySketch | null = null;
  count = 0;
  sum = 0;
  min: number | null = null;
  max: number | null = null;
  last: number | null = null;

  /** Counts events; each is the value 1. */
  addEvents(count: number): void {
    if (count === 0) return;
    this.count += count;
    this.sum += count;
    this.bound(1, 1);
    // Without a time of their own, which any value has precedence over.
    if (this.last === null) this.last = 1;
  }

  /** A finite value of a time; `distribution` keeps it for quantiles too. */
  addValue(value: number, at: number, distribution: boolean): void {
    this.valued = true;
    this.count += 1;
    this.sum += value;
    this.bound(value, value);
    this.offerLast(value, at);
    if (distribution) {
      this.quantiles ??= new QuantileSketch();
      this.quantiles.add(value);
    }
  }

  /** Of one of the texts whose distinct ones are counted. */
  addHash(hash: TextHash): void {
    this.uniques ??= new CardinalitySketch();
    this.uniques.addHash(hash);
  }

  get unique(): number {
    return this.uniques?.estimate() ?? 0;
  }

  quantile(q: number): number | null {
    if (this.count === 0 || this.min === null || this.max === null) return null;
    const value = this.valued ? (this.quantiles?.quantile(q) ?? null) : 1;
    return value === null ? null : Math.min(this.max, Math.max(this.min, value));
  }

  pack(): PackedAggregate {
    if (!this.valued && this.uniques === null) return this.count;
    const writer = new ByteWriter();
    writer.unsigned(
      (this.valued ? hasValues : 0) +
        (this.quantiles === null ? 0 : hasQuantiles) +
        (this.uniques === null ? 0 : hasUniques),
    );
    writer.unsigned(this.count);
    if (this.valued) {
      writer.double(this.sum);
      writer.double(this.min ?? 0);
      writer.double(this.max ?? 0);
      writer.double(this.last ?? 0);
      writer.double(this.lastAt);
    }
    this.quantiles?.write(writer);
    this.uniques?.write(writer);
    return writer.done();
  }

  merge(packed: PackedAggregate): void {
    if (typeof packed === 'number') {
      this.addEvents(packed);
      return;
    }
    const reader = new ByteReader(packed);
    const parts = reader.unsigned();
    const count = reader.unsigned();
    if ((parts & hasValues) === 0) this.addEvents(count);
    else {
      this.valued = true;
      this.count += count;
      this.sum += reader.double();
      this.bound(reader.double(), reader.double());
      this.offerLast(reader.double(), reader.double());
    }
    if ((parts & hasQuantiles) !== 0) {
      this.quantiles ??= new QuantileSketch();
      this.quantiles.mergeFrom(reader);
    }
    if ((parts & hasUniques) !== 0) {
      this.uniques ??= new CardinalitySketch();
      this.uniques.mergeFrom(reader);
    }
  }

  private bound(min: number, max: number): void {
    this.min = Math.min(this.min ?? min, min);
    this.max = Math.max(this.max ?? max, max);
  }

  /** Of the same time the larger one is the last, so that the order of merges makes no difference. */
  private offerLast(value: number, at: number): void {
    if (at < this.lastAt || (at === this.lastAt && this.last !== null && value < this.last)) return;
    this.last = value;
    this.lastAt = at;
  }
}

export function mergePacked(a: PackedAggregate, b: PackedAggregate): PackedAggregate {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  const merged = new Aggregate();
  merged.merge(a);
  merged.merge(b);
  return merged.pack();
}
