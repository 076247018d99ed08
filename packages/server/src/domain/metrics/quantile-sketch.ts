import type { ByteReader, ByteWriter } from './bytes.ts';

/*
 * Values counted in bins whose bounds grow by a constant factor, so that any value of a bin is within `relativeError` of
 * the bin's middle. Merging adds up counts: the order of values and of merges makes no difference.
 *
 * A sketch keeps at most `mostBins` bins of either sign: those of the largest magnitude, a range of eighteen decades. What
 * is smaller counts in the lowest bin kept; since that bin follows from the largest value alone, the order makes no
 * difference there either.
 */

export const relativeError = 0.01;
const mostBins = 2048;
/** Values nearer to zero than this are zero. */
const smallest = 1e-12;

const factor = (1 + relativeError) / (1 - relativeError);
const scale = 1 / Math.log(factor);

const binOf = (magnitude: number): number => Math.ceil(Math.log(magnitude) * scale);
const middleOf = (bin: number): number => (2 * factor ** bin) / (factor + 1);

/** Bins of the magnitudes of one sign. */
class Bins {
  readonly counts = new Map<number, number>();
  private largest = Number.NEGATIVE_INFINITY;

  add(bin: number, count: number): void {
    if (bin > this.largest) {
      this.largest = bin;
      const lowest = bin - mostBins + 1;
      for (const [low, found] of this.counts) {
        if (low >= lowest) continue;
        this.counts.delete(low);
        this.counts.set(lowest, (this.counts.get(lowest) ?? 0) + found);
      }
    }
    const kept = Math.max(bin, this.largest - mostBins + 1);
    this.counts.set(kept, (this.counts.get(kept) ?? 0) + count);
  }

  ascending(): [number, number][] {
    return [...this.counts].sort(([a], [b]) => a - b);
  }

  write(writer: ByteWriter): void {
    const bins = this.ascending();
    writer.unsigned(bins.length);
    let before = 0;
    for (const [bin, count] of bins) {
      writer.signed(bin - before);
      writer.unsigned(count);
      before = bin;
    }
  }

  mergeFrom(reader: ByteReader): void {
    let bin = 0;
    for (let rest = reader.unsigned(); rest > 0; rest -= 1) {
      bin += reader.signed();
      this.add(bin, reader.unsigned());
    }
  }
}

/** Quantiles of any number of values, within `relativeError` of the value. */
export class QuantileSketch {
  private readonly positive = new Bins();
  private readonly negative = new Bins();
  private zeros = 0;

  /** A finite number. */
  add(value: number): void {
    if (value > smallest) this.positive.add(binOf(value), 1);
    else if (value < -smallest) this.negative.add(binOf(-value), 1);
    else this.zeros += 1;
  }

  write(writer: ByteWriter): void {
    this.positive.write(writer);
    this.negative.write(writer);
    writer.unsigned(this.zeros);
  }

  /** Merges in what another sketch wrote. */
  mergeFrom(reader: ByteReader): void {
    this.positive.mergeFrom(reader);
    this.negative.mergeFrom(reader);
    this.zeros += reader.unsigned();
  }

  /**
   * The value at rank ⌊q n⌋ in ascending order, counted from 0, at most the last, as the event store takes it; null
   * without values. `q` from 0 to 1.
   */
  quantile(q: number): number | null {
    const bins: [number, number][] = [
      ...this.negative
        .ascending()
        .reverse()
        .map(([bin, count]): [number, number] => [-middleOf(bin), count]),
      [0, this.zeros],
      ...this.positive.ascending().map(([bin, count]): [number, number] => [middleOf(bin), count]),
    ];
    const total = bins.reduce((sum, [, count]) => sum + count, 0);
    if (total === 0) return null;
    let rank = Math.min(Math.floor(q * total), total - 1);
    for (const [middle, count] of bins) {
      if (rank < count) return middle;
      rank -= count;
    }
    return null;
  }
}
