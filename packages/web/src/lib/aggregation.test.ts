import { describe, expect, it } from 'vitest';
import { rowsOf, seriesOf } from './aggregation.ts';

const period = { start: null, end: null };

describe('groups of an answer', () => {
  it('are rows, largest first, with one name for each breakdown', () => {
    expect(rowsOf({ a: 1, null: 3, b: 2 }).map(({ names }) => names)).toEqual([['(none)'], ['b'], ['a']]);
    expect(rowsOf({ a: { x: 1, y: 5 } })).toEqual([
      { names: ['a', 'y'], value: 5 },
      { names: ['a', 'x'], value: 1 },
    ]);
  });

  it('are series over all times, also where an interval has nothing', () => {
    const point = { timestamp: '1970-01-01T00:01:00.000Z', aggregations: { a: 2 }, total: 2 };
    const result = { aggregations: { a: 2, b: 1 }, total: 3, series: [point], period };
    expect([...seriesOf(result, [0, 60_000], 0)]).toEqual([
      ['a', [0, 2]],
      ['b', [0, 0]],
    ]);
    expect([...seriesOf({ ...result, aggregations: {} }, [0, 60_000], null)]).toEqual([['all', [null, 2]]]);
  });
});
