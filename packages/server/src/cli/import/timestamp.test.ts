import { describe, expect, it } from 'vitest';
import { normaliseTimestamp } from './timestamp.ts';

describe('times in files', () => {
  it.each([
    ['2018-03-24T17:15:20.865716Z', '2018-03-24T17:15:20.865716Z'],
    ['2018-03-24T17:15:20+02:00', '2018-03-24T17:15:20+02:00'],
    ['2018-03-24 17:15:20', '2018-03-24T17:15:20Z'],
    ['2018-03-24T17:15', '2018-03-24T17:15:00Z'],
    ['2018-03-24', '2018-03-24T00:00:00Z'],
    ['2018-03-24 17:15:20 UTC', '2018-03-24T17:15:20Z'],
    ['2018-03-24 17:15:20,123 +0200', '2018-03-24T17:15:20.123+02:00'],
    [1_521_911_720, '2018-03-24T17:15:20.000Z'],
    ['1521911720.865716', '2018-03-24T17:15:20.865Z'],
    [1_521_911_720_865, '2018-03-24T17:15:20.865Z'],
    ['1521911720865716', '2018-03-24T17:15:20.865Z'],
    ['1521911720865716000', '2018-03-24T17:15:20.865Z'],
    [0, '1970-01-01T00:00:00.000Z'],
  ])('reads %j', (given, expected) => {
    expect(normaliseTimestamp(given)).toBe(expected);
  });

  it.each(['yesterday', '', '24/03/2018', true, {}, 1e300, Number.NaN])('refuses %j', (given) => {
    expect(normaliseTimestamp(given)).toBeUndefined();
  });

  it('keeps the millisecond of seconds with a fraction, whatever their binary form', () => {
    for (let ms = 0; ms < 1000; ms++) {
      const seconds = `1521911720.${String(ms).padStart(3, '0')}`;
      expect(normaliseTimestamp(Number(seconds))).toBe(new Date(1_521_911_720_000 + ms).toISOString());
    }
  });
});
