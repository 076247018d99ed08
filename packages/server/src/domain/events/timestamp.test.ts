import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalTimestamp, parseTimestamp } from './timestamp.ts';

const canonical = (text: string): string => canonicalTimestamp(text, parseTimestamp(text), 0);

describe('timestamps', () => {
  it.each([
    ['2023-12-01T12:00:00Z', '2023-12-01T12:00:00.000Z'],
    ['2023-12-01T12:00:00.1Z', '2023-12-01T12:00:00.100Z'],
    ['2023-12-01T12:00:00.123999999Z', '2023-12-01T12:00:00.123Z'],
    ['2023-12-01t12:00:00.5z', '2023-12-01T12:00:00.500Z'],
    ['2023-12-01 12:00:00+00:00', '2023-12-01T12:00:00.000Z'],
    ['2023-12-31T23:30:00-01:00', '2024-01-01T00:30:00.000Z'],
    ['2024-03-01T00:30:00+05:45', '2024-02-29T18:45:00.000Z'],
    ['1900-01-01T00:00:00.000Z', '1900-01-01T00:00:00.000Z'],
    ['2299-12-31T23:59:59.999Z', '2299-12-31T23:59:59.999Z'],
    ['2300-01-01T00:30:00+01:00', '2299-12-31T23:30:00.000Z'],
    ['2016-12-31T23:59:60Z', '2016-12-31T23:59:59.999Z'],
    ['2016-12-31T23:59:60.250Z', '2016-12-31T23:59:59.999Z'],
    ['2017-01-01T00:59:60.7+01:00', '2016-12-31T23:59:59.999Z'],
  ])('%s is %s', (text, expected) => {
    expect(canonical(text)).toBe(expected);
  });

  it.each([
    '',
    'now',
    '2023-12-01',
    '2023-12-01T12:00:00',
    '2023-12-01T12:00Z',
    '2023-12-01T12:00:00.Z',
    '2023-12-01T12:00:00+0100',
    '2023-12-01T24:00:00Z',
    '2023-12-01T24:00:00.000Z',
    '2023-02-29T00:00:00.000Z',
    '1900-02-29T00:00:00Z',
    '2023-04-31T00:00:00.000Z',
    '2023-13-01T00:00:00.000Z',
    '2023-00-01T00:00:00.000Z',
    '2023-01-00T00:00:00.000Z',
    '2023-01-01T12:60:00.000Z',
    '2023-01-01T12:00:60.000Z',
    '2023-01-01T12:00:61.000Z',
    '2023-01-01T12:00:00+24:00',
    '2023-01-01T12:00:00+01:60',
    '1899-12-31T23:59:59.999Z',
    '2300-01-01T00:00:00.000Z',
    '1900-01-01T00:30:00+01:00',
    '0000-01-01T00:00:00.000Z',
    '2023-12-01T12:00:0x.000Z',
    '2023-12-01T12:00:00.00 Z',
    '+002023-12-01T12:00:00Z',
    '２023-12-01T12:00:00.000Z',
    `2023-12-01T12:00:00.${'1'.repeat(60)}Z`,
    ' 2023-12-01T12:00:00Z',
    '2023-12-01T12:00:00Z\n',
  ])('%j is no timestamp', (text) => {
    expect(parseTimestamp(text)).toBeNaN();
  });

  it('reads every instant of its range as Date does, in any offset', () => {
    const instant = fc.date({
      min: new Date('1900-01-02T00:00:00Z'),
      max: new Date('2299-12-30T00:00:00Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(instant, fc.integer({ min: -1439, max: 1439 }), (date, offset) => {
        expect(parseTimestamp(date.toISOString())).toBe(date.getTime());
        expect(canonical(date.toISOString())).toBe(date.toISOString());
        const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, -1);
        const [hour, minute] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
        const zone = `${offset < 0 ? '-' : '+'}${String(hour).padStart(2, '0')}:${String(minute).padStart(2, '0')}`;
        expect(parseTimestamp(local + zone)).toBe(date.getTime());
      }),
      { numRuns: 1000 },
    );
  });
});
