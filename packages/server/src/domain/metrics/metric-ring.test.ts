import { otherTagValue } from '@streamflow/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FoldedMetric } from './folded-metric.ts';
import { MetricRing, minute, second } from './metric-ring.ts';
import { MetricRings } from './metric-rings.ts';

const noon = Date.UTC(2023, 11, 1, 12);

const counted = (at: number, packed: number, tags: FoldedMetric['tags'] = {}): FoldedMetric => ({
  name: 'm',
  type: 'counter',
  tags,
  second: at,
  packed,
});

const newRing = (now: number, maxTagValues = 200): MetricRing => {
  const ring = new MetricRing('counter', maxTagValues);
  ring.advance(now);
  return ring;
};

const total = (ring: MetricRing, from: number, to: number): number =>
  ring.read(from, to, [])[0]?.value.count ?? 0;

describe('a ring', () => {
  it('answers any span of the last hour by seconds, whatever was added, cleared and read before', () => {
    const at = fc.integer({ min: 0, max: 400 }).map((n) => noon + n * second);
    const step = fc.oneof(
      fc.record({ kind: fc.constant('add' as const), at, count: fc.integer({ min: 1, max: 9 }) }),
      fc.record({ kind: fc.constant('clear' as const), at, seconds: fc.integer({ min: 1, max: 90 }) }),
      fc.record({ kind: fc.constant('read' as const), at, seconds: fc.integer({ min: 1, max: 200 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const ring = newRing(noon + 10 * minute);
        const model = new Map<number, number>();
        for (const one of steps) {
          if (one.kind === 'add') {
            ring.add(counted(one.at, one.count));
            model.set(one.at, (model.get(one.at) ?? 0) + one.count);
          } else if (one.kind === 'clear') {
            ring.clear(one.at, one.at + one.seconds * second);
            for (let s = 0; s < one.seconds; s += 1) model.delete(one.at + s * second);
          } else {
            let expected = 0;
            for (let s = 0; s < one.seconds; s += 1) expected += model.get(one.at + s * second) ?? 0;
            expect(total(ring, one.at, one.at + one.seconds * second)).toBe(expected);
          }
        }
      }),
    );
  });

  it('keeps minutes for a day when seconds are gone, and nothing beyond', () => {
    const ring = newRing(noon);
    for (let n = 0; n < 120; n += 1) ring.add(counted(noon + n * second, 1));
    ring.advance(noon + 2 * 3_600_000);
    expect(total(ring, noon, noon + minute)).toBe(60);
    expect(ring.cells).toBe(2);
    // What comes for them now goes to their minute.
    ring.add(counted(noon + 30 * second, 5));
    expect(total(ring, noon, noon + 2 * minute)).toBe(125);
    ring.advance(noon + 25 * 3_600_000);
    expect(ring.cells).toBe(0);
    ring.add(counted(noon, 1));
    expect(total(ring, noon - minute, noon + minute)).toBe(0);
  });

  it('keeps its memory under a bound when a million tag values are thrown at it, and its sums right', () => {
    const ring = newRing(noon, 100);
    const added = 1_000_000;
    let overflow = 0;
    const before = process.memoryUsage().heapUsed;
    for (let n = 0; n < added; n += 1)
      if (
        ring.add(counted(noon - (n % 60) * second, 1, { page: `/page/${n}`, kind: n % 2 === 0 ? 'a' : 'b' }))
      )
        overflow += 1;
    expect(ring.cells).toBeLessThanOrEqual(60 * 3 * 100);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024);
    expect(overflow).toBeGreaterThan(added - 1000);
    const byKind = ring.read(noon - minute, noon + second, ['kind']);
    expect(Object.fromEntries(byKind.map(({ tags, value }) => [tags[0], value.count]))).toEqual({
      a: added / 2,
      b: added / 2,
    });
    const byPage = ring.read(noon - minute, noon + second, ['page']);
    expect(byPage).toHaveLength(101);
    expect(byPage.find(({ tags }) => tags[0] === otherTagValue)?.value.count).toBe(added - 100);
  });

  it('is forgotten when nothing of it is kept, and is of the type that was measured last', () => {
    const rings = new MetricRings(10);
    rings.advance(noon);
    rings.add('p', [counted(noon, 1), { ...counted(noon, 1), type: 'gauge' }]);
    expect(rings.namesOf('p')).toEqual(['m']);
    expect(rings.typeOf('p', 'm')).toBe('gauge');
    rings.advance(noon + 23 * 3_600_000);
    expect(rings.namesOf('p')).toEqual(['m']);
    rings.advance(noon + 25 * 3_600_000);
    expect(rings.namesOf('p')).toEqual([]);
  });

  it('gives places of tag values that were not seen for a day to others', () => {
    const ring = newRing(noon, 1);
    ring.add(counted(noon, 1, { page: '/old' }));
    expect(ring.add(counted(noon, 1, { page: '/new' }))).toBe(true);
    ring.advance(noon + 25 * 3_600_000);
    expect(ring.add(counted(noon + 25 * 3_600_000, 1, { page: '/new' }))).toBe(false);
  });
});
