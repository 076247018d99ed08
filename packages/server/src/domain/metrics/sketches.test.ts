import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Aggregate, mergePacked, type PackedAggregate } from './aggregate.ts';
import { ByteReader, ByteWriter } from './bytes.ts';
import { CardinalitySketch } from './cardinality-sketch.ts';
import { QuantileSketch, relativeError } from './quantile-sketch.ts';
import { hashText } from './text-hash.ts';

const written = (sketch: { write(writer: ByteWriter): void }): Uint8Array => {
  const writer = new ByteWriter();
  sketch.write(writer);
  return writer.done();
};

/** As the event store takes it of what is stored (`quantileExact`). */
const exactQuantile = (values: readonly number[], q: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(Math.floor(q * values.length), values.length - 1)] ?? Number.NaN;

describe('quantiles', () => {
  it('are within 1 % of the exact value, whatever the values', () => {
    const value = fc.oneof(
      fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
      fc.double({ min: -1e6, max: -1e-6, noNaN: true }),
      fc.constant(0),
      fc.integer({ min: -100, max: 100 }),
    );
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 300 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, q) => {
          const sketch = new QuantileSketch();
          for (const v of values) sketch.add(v);
          const exact = exactQuantile(values, q);
          expect(Math.abs((sketch.quantile(q) ?? Number.NaN) - exact)).toBeLessThanOrEqual(
            Math.abs(exact) * relativeError * 1.000001,
          );
        },
      ),
    );
  });

  it.each([
    [0.5, 0.5],
    [0.95, 0.8],
    [0.99, 0.8],
    [1, 0.8],
  ])('of eight values agree with the history, which has exact ones: %d', (q, stored) => {
    const values = Array.from({ length: 8 }, (_, i) => (i + 1) / 10);
    expect(exactQuantile(values, q)).toBe(stored);
    const sketch = new QuantileSketch();
    for (const value of values) sketch.add(value);
    expect(Math.abs((sketch.quantile(q) ?? 0) - stored)).toBeLessThanOrEqual(
      stored * relativeError * 1.000001,
    );
  });

  it('keep a bounded number of bins, and the largest values exact to 1 %, over any range', () => {
    const sketch = new QuantileSketch();
    for (let exponent = -300; exponent <= 300; exponent += 0.005) sketch.add(10 ** exponent);
    expect(written(sketch).length).toBeLessThan(2048 * 10);
    expect(sketch.quantile(1) ?? 0).toBeGreaterThan(0.99e300);
  });
});

describe('distinct texts', () => {
  it('are exact as long as they are few', () => {
    const sketch = new CardinalitySketch();
    for (let n = 0; n < 2000; n += 1) for (const _ of [1, 2]) sketch.add(`user-${n}`);
    expect(sketch.estimate()).toBe(2000);
  });

  it('have a standard error of 0.81 %: within 2 % for nearly all sets', () => {
    const errors = Array.from({ length: 60 }, (_, set) => {
      const sketch = new CardinalitySketch();
      const size = 3000 + set * 900;
      for (let n = 0; n < size; n += 1) sketch.add(`${set}:${n}`);
      return (sketch.estimate() - size) / size;
    });
    const deviation = Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length);
    expect(deviation).toBeLessThan(0.0105);
    expect(errors.filter((error) => Math.abs(error) > 0.02).length).toBeLessThanOrEqual(3);
  });

  it('are within 2 % for a million', () => {
    const sketch = new CardinalitySketch();
    for (let n = 0; n < 1_000_000; n += 1) sketch.add(`user${n}@example.org`);
    expect(Math.abs(sketch.estimate() - 1_000_000)).toBeLessThan(20_000);
    expect(written(sketch).length).toBeLessThan(16_400);
  });

  it('come to the same whether entries or registers are merged, in either order', () => {
    const sketch = (from: number, to: number): CardinalitySketch => {
      const made = new CardinalitySketch();
      for (let n = from; n < to; n += 1) made.add(String(n));
      return made;
    };
    const merge = (...parts: CardinalitySketch[]): Uint8Array => {
      const made = new CardinalitySketch();
      for (const part of parts) made.mergeFrom(new ByteReader(written(part)));
      return written(made);
    };
    const [large, small] = [sketch(0, 6000), sketch(5000, 7000)];
    expect(merge(large, small)).toEqual(merge(small, large));
    expect(merge(large, small)).toEqual(written(sketch(0, 7000)));
  });
});

type Step =
  | { readonly value: number; readonly at: number }
  | { readonly text: string }
  | { readonly events: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ value: fc.integer({ min: -1000, max: 1000 }), at: fc.integer({ min: 0, max: 50 }) }),
  fc.record({ text: fc.string({ maxLength: 3 }) }),
  fc.record({ events: fc.integer({ min: 0, max: 5 }) }),
);
const steps = fc.array(step, { maxLength: 40 });

function fold(given: readonly Step[]): PackedAggregate {
  const aggregate = new Aggregate();
  for (const one of given) {
    if ('value' in one) aggregate.addValue(one.value, one.at, true);
    else if ('text' in one) aggregate.addHash(hashText(one.text));
    else aggregate.addEvents(one.events);
  }
  return aggregate.pack();
}

describe('an aggregate', () => {
  it('merges commutatively and associatively, to what folding all at once gives', () => {
    fc.assert(
      fc.property(steps, steps, steps, (a, b, c) => {
        const [x, y, z] = [fold(a), fold(b), fold(c)];
        expect(mergePacked(x, y)).toEqual(mergePacked(y, x));
        expect(mergePacked(mergePacked(x, y), z)).toEqual(mergePacked(x, mergePacked(y, z)));
        expect(mergePacked(mergePacked(x, y), z)).toEqual(mergePacked(fold([...a, ...b, ...c]), 0));
      }),
    );
  });

  it('comes back from its packed form as it was', () => {
    const aggregate = new Aggregate();
    for (const [value, at] of [
      [3, 10],
      [-7.5, 30],
      [4, 20],
    ] as const)
      aggregate.addValue(value, at, true);
    aggregate.addHash(hashText('a'));
    const read = new Aggregate();
    read.merge(aggregate.pack());
    expect(read).toMatchObject({ count: 3, sum: -0.5, min: -7.5, max: 4, last: -7.5, unique: 1 });
    expect(read.quantile(0.5)).toBeCloseTo(3, 1);
  });

  it('of counted events is a number', () => {
    expect(mergePacked(fold([{ events: 2 }]), fold([{ events: 3 }]))).toBe(5);
  });
});
