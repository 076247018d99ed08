import { describe, expect, it } from 'vitest';
import { sliceFilter } from './history-slices.ts';

const sizes = { largest: 100, smallest: 10, atOnce: 2 };
const slicesOf = (start: number | undefined, end: number | undefined, interval: number, events: number) =>
  sliceFilter(
    { project: 'p', ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) },
    interval,
    events,
    sizes,
  ).map((slice) => [slice.start, slice.end]);

describe('slices of a history', () => {
  it('meet at intervals, begin at the start and end at the end', () => {
    expect(slicesOf(-25, 75, 10, 400)).toEqual([
      [-25, -10],
      [-10, 20],
      [20, 50],
      [50, 75],
    ]);
  });

  it('are as many as statements at a time when the events are few, and one when they are very few', () => {
    expect(slicesOf(0, 100, 10, 25)).toEqual([
      [0, 50],
      [50, 100],
    ]);
    expect(slicesOf(0, 100, 10, 19)).toEqual([[0, 100]]);
    expect(slicesOf(0, 100, 10, 0)).toEqual([[0, 100]]);
  });

  it('are no more than intervals, and one where they would be too large all the same', () => {
    expect(slicesOf(0, 30, 10, 500)).toHaveLength(3);
    expect(slicesOf(0, 30, 10, 601)).toEqual([[0, 30]]);
    expect(slicesOf(3, 4, 10, 500)).toEqual([[3, 4]]);
  });

  it('are one where the time has no start or no end', () => {
    expect(slicesOf(undefined, 100, 10, 400)).toEqual([[undefined, 100]]);
    expect(slicesOf(0, undefined, 10, 400)).toEqual([[0, undefined]]);
  });
});
