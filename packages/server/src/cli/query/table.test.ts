import { describe, expect, it } from 'vitest';
import { formatAggregation, formatTable, printable } from './table.ts';

const period = { start: null, end: null };

describe('tables', () => {
  it('align their columns and are cut to the screen', () => {
    expect(formatTable(['A', 'B'], [['long', 'x'.repeat(20)]], 12)).toEqual(['A     B', 'long  xxxxx…']);
  });

  it('show groups, what was cut off, and the total', () => {
    const lines = formatAggregation(
      { aggregations: { error: 3, 'web.click': null }, other: 4, total: 7, period },
      undefined,
    );
    expect(lines).toEqual([
      'GROUP      VALUE',
      'error      3',
      'web.click  -',
      '(other)    4',
      '(total)    7',
    ]);
  });

  it('show groups within groups, and series with and without groups', () => {
    expect(formatAggregation({ aggregations: { a: { x: 1, y: 2 } }, total: 3, period }, undefined)).toEqual([
      'GROUP    VALUE',
      'a / x    1',
      'a / y    2',
      '(total)  3',
    ]);
    const timestamp = '2026-01-01T00:00:00.000Z';
    const series = [{ timestamp, aggregations: { a: 1 }, total: 1 }];
    expect(formatAggregation({ aggregations: { a: 1 }, total: 1, series, period }, undefined)).toEqual([
      'TIME                      GROUP  VALUE',
      `${timestamp}  a      1`,
    ]);
    const plain = [{ timestamp, aggregations: {}, total: 1 }];
    expect(formatAggregation({ aggregations: {}, total: 1, series: plain, period }, undefined)).toEqual([
      'TIME                      VALUE',
      `${timestamp}  1`,
    ]);
  });

  it('never pass on what a terminal would obey', () => {
    expect(printable('a\u001b[2Jb\nc\u202ed')).toBe('a\\u001b[2Jb\\u000ac\\u202ed');
  });
});
