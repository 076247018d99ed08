import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asIntervals, intervalsOf, parseIntervalLength, startOf } from './intervals.ts';
import { findTimeZone, utc } from './time-zone.ts';

const hour = 3_600_000;

function zoneOf(name: string) {
  const zone = findTimeZone(name);
  if (zone === undefined) throw new Error(`No zone ${name}`);
  return zone;
}

/** Starts of all intervals and the end of the last, as local and as UTC times would be written. */
function edges(interval: string, zone: string, start: string, end: string): string[] {
  const length = parseIntervalLength(interval);
  if (length === undefined) throw new Error(`No interval ${interval}`);
  const range = intervalsOf(length, zoneOf(zone), Date.parse(start), Date.parse(end));
  const all = range?.edges(0, range.total) ?? [];
  expect(all).toHaveLength((range?.total ?? 0) + 1);
  return all.map((edge) => new Date(edge).toISOString().replace(':00.000Z', 'Z'));
}

describe('intervals in a time zone', () => {
  it('has days of 23 and 25 hours in Berlin', () => {
    expect(edges('1d', 'Europe/Berlin', '2026-03-28T12:00:00Z', '2026-03-30T12:00:00Z')).toEqual([
      '2026-03-27T23:00Z',
      '2026-03-28T23:00Z',
      '2026-03-29T22:00Z',
      '2026-03-30T22:00Z',
    ]);
    expect(edges('1h', 'Europe/Berlin', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z')).toHaveLength(24);
    expect(edges('1h', 'Europe/Berlin', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z')).toHaveLength(26);
  });

  it('begins anew at midnight with intervals that divide a day, and ends the last one with the day', () => {
    expect(edges('6h', 'Europe/Berlin', '2026-10-25T00:00:00Z', '2026-10-26T01:00:00Z')).toEqual([
      '2026-10-24T22:00Z',
      '2026-10-25T04:00Z',
      '2026-10-25T10:00Z',
      '2026-10-25T16:00Z',
      '2026-10-25T22:00Z',
      '2026-10-25T23:00Z',
      '2026-10-26T05:00Z',
    ]);
  });

  it('has the hours and days of a zone that is half an hour off', () => {
    expect(edges('1h', 'Asia/Kolkata', '2026-05-01T00:00:00Z', '2026-05-01T01:00:00Z')).toEqual([
      '2026-04-30T23:30Z',
      '2026-05-01T00:30Z',
      '2026-05-01T01:30Z',
    ]);
    expect(edges('1d', 'Asia/Kolkata', '2026-05-01T00:00:00Z', '2026-05-01T01:00:00Z')).toEqual([
      '2026-04-30T18:30Z',
      '2026-05-01T18:30Z',
    ]);
    // Half an hour is put forward there: a day of 23.5 hours.
    expect(edges('1d', 'Australia/Lord_Howe', '2026-10-03T14:00:00Z', '2026-10-04T12:00:00Z')).toEqual([
      '2026-10-03T13:30Z',
      '2026-10-04T13:00Z',
    ]);
  });

  it('knows weeks from Monday, months and quarters', () => {
    expect(edges('1w', 'Europe/Berlin', '2026-03-25T00:00:00Z', '2026-03-31T00:00:00Z')).toEqual([
      '2026-03-22T23:00Z',
      '2026-03-29T22:00Z',
      '2026-04-05T22:00Z',
    ]);
    expect(edges('1mo', 'UTC', '2024-01-31T00:00:00Z', '2024-03-01T00:00:00Z')).toEqual([
      '2024-01-01T00:00Z',
      '2024-02-01T00:00Z',
      '2024-03-01T00:00Z',
    ]);
    expect(edges('3mo', 'America/New_York', '2026-02-10T00:00:00Z', '2026-02-11T00:00:00Z')).toEqual([
      '2026-01-01T05:00Z',
      '2026-04-01T04:00Z',
    ]);
  });

  it('begins a day that has no midnight when it begins, and leaves out one that is skipped', () => {
    expect(edges('1d', 'America/Sao_Paulo', '2018-11-04T12:00:00Z', '2018-11-04T13:00:00Z')).toEqual([
      '2018-11-04T03:00Z',
      '2018-11-05T02:00Z',
    ]);
    expect(edges('1d', 'Pacific/Apia', '2011-12-29T12:00:00Z', '2011-12-31T12:00:00Z')).toEqual([
      '2011-12-29T10:00Z',
      '2011-12-30T10:00Z',
      '2011-12-31T10:00Z',
      '2012-01-01T10:00Z',
    ]);
  });

  it('leaves no gap and cuts off nothing, page by page, in any zone', () => {
    const zones = [
      'UTC',
      'Europe/Berlin',
      'Asia/Kolkata',
      'America/St_Johns',
      'Australia/Lord_Howe',
      'Pacific/Apia',
    ];
    const lengths = ['7m', '45m', '1h', '6h', '7h', '24h', '1d', '5d', '1w', '1mo', '12mo'];
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.constantFrom(...lengths),
        fc.integer({ min: Date.UTC(2000, 0, 1), max: Date.UTC(2030, 0, 1) }),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 40 }),
        (zoneName, text, start, hours, page) => {
          const zone = zoneOf(zoneName);
          const end = start + hours * hour;
          const length = parseIntervalLength(text);
          const range = length === undefined ? undefined : intervalsOf(length, zone, start, end);
          if (range === undefined) throw new Error('No intervals');
          const all = range.edges(0, range.total);
          expect(all).toHaveLength(range.total + 1);
          expect(all[0]).toBeLessThanOrEqual(start);
          expect(all[1]).toBeGreaterThan(start);
          expect(all.at(-1)).toBeGreaterThanOrEqual(end);
          expect(all.at(-2)).toBeLessThan(end);
          expect(all.every((edge, i) => i === 0 || edge > (all[i - 1] ?? 0))).toBe(true);
          const from = Math.min(page, range.total - 1);
          expect(range.edges(from, page)).toEqual(all.slice(from, from + page + 1));
          const intervals = asIntervals(all);
          const starts = all.slice(0, -1);
          expect(starts.map((edge) => startOf(intervals, edge))).toEqual(starts);
          expect(starts.slice(1).map((edge) => startOf(intervals, edge - 1))).toEqual(starts.slice(0, -1));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('are given to engines by their length where they are aligned to the epoch', () => {
    const day = Date.UTC(2026, 4, 1);
    expect(asIntervals([day, day + hour, day + 2 * hour])).toBe(hour);
    expect(asIntervals([day + 1, day + hour + 1])).toEqual([day + 1, day + hour + 1]);
  });

  it('refuses what is no interval, and a calendar of too many days', () => {
    for (const text of ['', '0s', '1', '1y', '-1d', '1.5h', '31d', '5w', '13mo', '2592001s', '1M'])
      expect(parseIntervalLength(text)).toBeUndefined();
    const second = { count: 1, unit: 's' } as const;
    expect(intervalsOf(second, zoneOf('Europe/Berlin'), 0, Date.UTC(2000, 0, 1))).toBeUndefined();
    expect(intervalsOf(second, utc, 0, Date.UTC(2000, 0, 1))?.total).toBe(Date.UTC(2000, 0, 1) / 1000);
  });
});

describe('time zones', () => {
  it('are known by the names of the database, and by nothing else', () => {
    expect(findTimeZone('europe/berlin')?.name).toBe('Europe/Berlin');
    expect(findTimeZone('UTC')).toBe(utc);
    for (const name of ['', '+01:00', 'Europe/Nowhere', "UTC'); DROP TABLE events; --", 'x'.repeat(5000)])
      expect(findTimeZone(name)).toBeUndefined();
  });
});
