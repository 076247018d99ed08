import type { HistoricalMetrics, Pagination } from '@streamflow/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HistoryPoint, HistoryQuery } from '../../engines/event-store/port.ts';
import { principals, startTestServer, type TestServer, testNow } from '../../http/server.fixture.ts';
import { historicalMetricsRoute } from './historical-metrics.ts';

const hour = 3_600_000;
const day = 24 * hour;

let asked: HistoryQuery[] = [];
let points: HistoryPoint[] = [];
let server: TestServer;
beforeEach(async () => {
  asked = [];
  points = [];
  const route = historicalMetricsRoute({
    events: {
      async history(query) {
        asked.push(query);
        return points;
      },
    },
    clock: { now: () => testNow },
  });
  const reader = principals['reader-token'];
  if (reader === undefined) throw new Error('No reader');
  const viewer = { ...reader, permissions: new Set(['metrics:read'] as const), project: 'shop' };
  server = await startTestServer([route], {
    access: {
      allowAnonymous: false,
      authenticate: (credential) => (credential === 'viewer-token' ? viewer : reader),
    },
  });
});
afterEach(() => server.close());

const get = (query: Record<string, string> = {}, token = 'viewer-token') =>
  server.app.inject({
    url: `/metrics/historical?${new URLSearchParams(query)}`,
    headers: { authorization: `Bearer ${token}` },
  });
async function page(
  query: Record<string, string>,
): Promise<{ data: HistoricalMetrics[]; pagination: Pagination }> {
  const answer = await get(query);
  expect(answer.statusCode).toBe(200);
  return answer.json();
}

describe('GET /metrics/historical', () => {
  it('answers one point an interval in the documented shape, zeros where nothing happened', async () => {
    const start = Date.UTC(2023, 11, 1);
    points = [{ timestamp: start + hour, events: 15_420, uniqueUsers: 1247, errors: 23 }];
    const { data, pagination } = await page({
      start: '2023-12-01T00:00:00Z',
      end: '2023-12-01T23:59:59Z',
      interval: '1h',
    });
    expect(data).toHaveLength(24);
    expect(data.slice(0, 2)).toEqual([
      { timestamp: '2023-12-01T00:00:00.000Z', events_total: 0, unique_users: 0, error_count: 0 },
      { timestamp: '2023-12-01T01:00:00.000Z', events_total: 15_420, unique_users: 1247, error_count: 23 },
    ]);
    expect(pagination).toMatchObject({ page: 1, total: 24, has_next: false });
    const filter = { project: 'shop', start, end: start + day - 1000 };
    expect(asked).toEqual([{ filter, interval: hour, measures: ['users'] }]);
  });

  it('answers the last 24 hours by the hour when nothing is asked for', async () => {
    const { data } = await page({});
    expect(data[0]?.timestamp).toBe(new Date(testNow - day).toISOString());
    expect(data).toHaveLength(24);
    expect(asked[0]?.filter).toEqual({ project: 'shop', start: testNow - day, end: testNow });
  });

  it('begins with the interval that the start falls into, and counts it from the start on', async () => {
    const { data } = await page({ start: '2023-12-01T00:30:00+01:00', end: '2023-12-01T01:00:00Z' });
    expect(data.map(({ timestamp }) => timestamp)).toEqual([
      '2023-11-30T23:00:00.000Z',
      '2023-12-01T00:00:00.000Z',
    ]);
    expect(asked[0]?.filter).toMatchObject({ start: Date.UTC(2023, 10, 30, 23, 30) });
  });

  it('reads no more than the page that is asked for', async () => {
    const range = { start: '2023-12-01T00:15:30Z', end: '2023-12-01T01:00:10Z', interval: '1m', limit: '20' };
    const pages = await Promise.all(['1', '2', '3', '4'].map((number) => page({ ...range, page: number })));
    expect(pages.map(({ data }) => data.length)).toEqual([20, 20, 6, 0]);
    expect(pages.map(({ pagination: { has_next } }) => has_next)).toEqual([true, true, false, false]);
    expect(pages[3]?.pagination).toMatchObject({
      page: 4,
      page_size: 20,
      total: 46,
      pages: 3,
      has_prev: true,
    });
    const ranges = asked.map(({ filter: { start = 0, end = 0 } }) => [start, end]).sort();
    const at = (text: string): number => Date.parse(`2023-12-01T${text}Z`);
    expect(ranges).toEqual([
      [at('00:15:30'), at('00:35:00')],
      [at('00:35:00'), at('00:55:00')],
      [at('00:55:00'), at('01:00:10')],
    ]);
  });

  it.each([
    ['an end before the start', { start: '2023-12-02T00:00:00Z', end: '2023-12-01T00:00:00Z' }, 'end'],
    ['a start that is no time', { start: 'yesterday' }, 'start'],
    ['a year beyond the store', { end: '2999-01-01T00:00:00Z' }, 'end'],
    ['an interval of nothing', { interval: '0s' }, 'interval'],
    ['a time zone that there is not', { time_zone: 'Europe/Nowhere' }, 'time_zone'],
    ['a time zone that is SQL', { time_zone: "UTC'); SELECT (1" }, 'time_zone'],
    ['a metric that there is not', { metrics: 'events_total,speed' }, 'metrics'],
    [
      'a calendar of too many days',
      { start: '1950-01-01T00:00:00Z', time_zone: 'Europe/Berlin' },
      'interval',
    ],
    ['an interval above 30 days', { interval: '31d' }, 'interval'],
    ['an interval that is none', { interval: 'hour' }, 'interval'],
    ['a page of nothing', { limit: '0' }, 'limit'],
    ['a parameter that there is not', { group_by: 'type' }, 'group_by'],
  ] as const)('refuses %s and names it', async (_, query, field) => {
    const answer = await get(query);
    expect(answer.statusCode).toBe(422);
    expect(answer.json()).toMatchObject({ error: 'ValidationError', details: { field } });
    expect(asked).toEqual([]);
  });

  it('takes intervals from a second to 30 days, weeks and months', async () => {
    for (const interval of ['1s', '1m', '30d', '1w', '1mo'])
      expect((await get({ interval })).statusCode).toBe(200);
  });

  it('answers the metrics that are asked for, by the parts of intervals that are asked about', async () => {
    const start = Date.UTC(2023, 11, 1);
    points = [
      {
        timestamp: start,
        events: 900,
        errors: 45,
        uniqueSessions: 7,
        responseTime: { count: 4, sum: 1 },
        responseTimeQuantiles: { p50: 0.2, p95: 0.4, p99: 0.5 },
      },
    ];
    const { data } = await page({
      start: '2023-12-01T00:15:00Z',
      end: '2023-12-01T02:00:00Z',
      metrics: 'events_per_second,error_rate,active_sessions,response_time_avg,response_time_p95',
    });
    expect(data).toEqual([
      {
        timestamp: '2023-12-01T00:00:00.000Z',
        events_per_second: 900 / 2700,
        error_rate: 0.05,
        active_sessions: 7,
        response_time_avg: 0.25,
        response_time_p95: 0.4,
      },
      {
        timestamp: '2023-12-01T01:00:00.000Z',
        events_per_second: 0,
        error_rate: 0,
        active_sessions: 0,
        response_time_avg: null,
        response_time_p95: null,
      },
    ]);
    expect(asked[0]?.measures).toEqual(['sessions', 'response_time', 'response_time_quantiles']);
  });

  it('gives the store the days of a time zone as moments, and filters as they are', async () => {
    const { data } = await page({
      start: '2026-03-28T23:00:00Z',
      end: '2026-03-30T22:00:00Z',
      interval: '1d',
      time_zone: 'Europe/Berlin',
      type: 'error',
    });
    const times = ['2026-03-28T23:00:00.000Z', '2026-03-29T22:00:00.000Z'];
    expect(data.map(({ timestamp }) => timestamp)).toEqual(times);
    expect(asked[0]?.interval).toEqual([...times, '2026-03-30T22:00:00.000Z'].map(Date.parse));
    expect(asked[0]?.filter.types).toEqual(['error']);
  });

  it('is for those who may read metrics', async () => {
    expect((await get({}, 'reader-token')).statusCode).toBe(403);
  });
});
