import { describe, expect, it } from 'vitest';
import { durationArgument, integerArgument, timeArgument } from './arguments.ts';
import { propertyArgument } from './query/event-filter-flags.ts';

const now = Date.UTC(2026, 0, 31, 12);

describe('arguments', () => {
  it.each([
    ['now', '2026-01-31T12:00:00.000Z'],
    ['15m', '2026-01-31T11:45:00.000Z'],
    ['7d', '2026-01-24T12:00:00.000Z'],
    ['2026-01-30', '2026-01-30T00:00:00.000Z'],
    ['2026-01-30T01:00:00+01:00', '2026-01-30T00:00:00.000Z'],
  ])('reads the time %s', (text, expected) => {
    expect(timeArgument(() => now)(text)).toBe(expected);
  });

  it.each(['yesterday', '15', '2026-13-01', '2026-01-30T01:00'])('refuses the time %s', (text) => {
    expect(() => timeArgument(() => now)(text)).toThrow(/expected a time/);
  });

  it('reads durations and whole numbers within their bounds', () => {
    expect(durationArgument('90s')).toBe(90_000);
    expect(() => durationArgument('1.5h')).toThrow();
    expect(integerArgument(1, 10)('10')).toBe(10);
    for (const text of ['0', '11', '1.5', '-1', '', '1e1'])
      expect(() => integerArgument(1, 10)(text)).toThrow();
  });

  it('reads properties, also those whose names have dots and equals signs', () => {
    expect(propertyArgument('page=/a=b', [])).toEqual([{ path: 'data.page', value: '/a=b' }]);
    expect(propertyArgument('data.page=', [])).toEqual([{ path: 'data.page', value: '' }]);
    expect(propertyArgument('"id.orig=h"=1', [])).toEqual([{ path: 'data."id.orig=h"', value: '1' }]);
    expect(() => propertyArgument('page', [])).toThrow();
  });
});
