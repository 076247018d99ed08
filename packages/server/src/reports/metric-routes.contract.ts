import {
  type EventTrends,
  eventTypes,
  type HistoricalMetrics,
  type LineEvent,
  type MetricSeries,
  storedMetrics,
  type TopValues,
  topSources,
  type UserDistribution,
} from '@streamflow/contracts';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blockOf, makeEvent } from '../engines/event-store/event-fixtures.contract.ts';
import type { EventStore } from '../engines/event-store/port.ts';
import { startTestServer, type TestServer } from '../http/server.fixture.ts';
import type { Principal } from '../http/service.ts';
import { eventTrendsRoute } from '../services/analytics/event-trends.ts';
import { topOfFieldRoute } from '../services/analytics/top-of-field.ts';
import { userDistributionRoute } from '../services/analytics/user-distribution.ts';
import { historicalMetricsRoute } from '../services/dashboard/historical-metrics.ts';
import { metricSeriesRoute } from '../services/dashboard/metric-series.ts';
import { topValuesRoute } from '../services/dashboard/top-values.ts';
import { calendarKey, createWallClock, metricsOf, within } from './metric-recount.fixture.ts';

const hour = 3_600_000;
const day = 24 * hour;
/** A week before clocks are put back in Berlin, and two before they are in Newfoundland. */
const begin = Date.UTC(2026, 9, 18);
const days = 16;
const project = 'metric routes';
const zones = ['UTC', 'Europe/Berlin', 'Asia/Kolkata', 'America/St_Johns'] as const;
const agents = {
  chrome:
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36',
  newerChrome:
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/121.0.0.0 Safari/537.36',
  iphone:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Mobile/15E148 Safari/604.1',
  bot: 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  nothing: 'none',
};
const agentTexts = [...Object.values(agents), undefined];

/** Out of order, in clusters around the changes of clocks, with hours in which nothing happens. */
const events: readonly LineEvent[] = fc.sample(
  fc
    .record({
      at: fc.oneof(
        fc.integer({ min: 0, max: days * day - 1 }),
        fc.integer({ min: 6 * day, max: 8 * day }),
        fc.integer({ min: 7 * day - hour, max: 7 * day + 3 * hour }),
        fc.integer({ min: 0, max: days * 4 - 1 }).map((n) => n * 6 * hour),
      ),
      late: fc.integer({ min: 0, max: 40 * day }),
      type: fc.constantFrom('error', 'api.response', 'web.click', 'web.pageview', 'metric'),
      source: fc.constantFrom('website', "it's", 'backend'),
      user: fc.option(fc.integer({ min: 0, max: 12 })),
      session: fc.option(fc.integer({ min: 0, max: 30 })),
      status: fc.constantFrom(200, 404, 500, 503, '500', null),
      page: fc.constantFrom('/', '/pricing', '/docs', 7, 12, null),
      time: fc.constantFrom(
        { response_time: 0.25 },
        { duration: 3 },
        { duration_ms: 120 },
        { duration_ms: -5 },
        {},
      ),
      n: fc.integer({ min: 0, max: 1000 }),
      agent: fc.constantFrom(...agentTexts),
      tags: fc.subarray(['a', 'b']),
    })
    .map(({ at, late, time, page, status, n, agent, ...rest }) =>
      makeEvent({
        project,
        timestamp: new Date(begin + at).toISOString(),
        received_at: new Date(begin + at + late).toISOString(),
        type: rest.type,
        source: rest.source,
        user_id: rest.user === null ? null : `user ${rest.user}`,
        session_id: rest.session === null ? null : `session ${rest.session}`,
        tags: rest.tags,
        data: { page, status, n, ...time, ...(agent === undefined ? {} : { user_agent: agent }) },
      }),
    ),
  { numRuns: 900, seed: 4 },
);

const viewer: Principal = {
  kind: 'user',
  id: 'viewer',
  name: 'viewer',
  role: 'viewer',
  permissions: new Set(['metrics:read']),
  project,
};

/** What the routes over stored events promise, whatever the store: what a recount of the events says. */
export function describeMetricRoutes(name: string, open: () => Promise<EventStore>): void {
  describe(`metric routes on ${name}`, () => {
    let server: TestServer;
    beforeAll(async () => {
      const store = await open();
      // Each event comes twice, in blocks of any order.
      for (const some of [events.slice(400), events.slice(0, 500), events]) await store.append(blockOf(some));
      const clock = { now: () => begin + days * day };
      const given = { events: store, clock };
      const routes = [
        historicalMetricsRoute(given),
        metricSeriesRoute(given),
        topValuesRoute(given),
        eventTrendsRoute(given),
        userDistributionRoute(given),
        topOfFieldRoute(topSources, 'source', given),
        topOfFieldRoute(eventTypes, 'type', given),
      ];
      server = await startTestServer(routes, {
        access: { allowAnonymous: false, authenticate: () => viewer },
      });
    });
    afterAll(() => server.close());

    async function get<T>(path: string, query: Record<string, string | undefined> = {}): Promise<T> {
      const given = Object.entries(query).flatMap(([key, value]) =>
        value === undefined ? [] : [[key, value]],
      );
      const url = `${path}?${new URLSearchParams(given)}`;
      const answer = await server.app.inject({ url, headers: { authorization: 'Bearer viewer' } });
      expect(answer.statusCode, answer.body).toBe(200);
      return answer.json();
    }

    const moment = fc.oneof(
      fc.integer({ min: -day, max: days * day }).map((at) => begin + at),
      fc.integer({ min: -24, max: days * 24 }).map((n) => begin + n * hour),
    );
    const period = fc
      .tuple(moment, moment)
      .filter(([a, b]) => a !== b)
      .map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }));
    const types = fc.option(fc.constantFrom('error', 'web.click'), { nil: undefined });

    it('history is the recount, in any zone and by any interval', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...zones),
          fc.constantFrom('15m', '1h', '6h', '7h', '1d', '1w', '1mo'),
          period,
          types,
          fc.constantFrom(storedMetrics.join(','), undefined),
          async (zone, interval, { from, to }, type, metrics) => {
            const start = new Date(from).toISOString();
            const end = new Date(to).toISOString();
            const asked = { start, end, interval, time_zone: zone, type, metrics, limit: '10000' };
            const { data } = await get<{ data: HistoricalMetrics[] }>('/metrics/historical', asked);
            const fitting = events.filter((event) => type === undefined || event.type === type);
            const times = data.map(({ timestamp }) => Date.parse(timestamp));
            expectEdges(zone, interval, { from, to }, times);
            for (const [i, point] of data.entries()) {
              const span = {
                from: Math.max(from, times[i] ?? 0),
                to: Math.min(to, times[i + 1] ?? Number.POSITIVE_INFINITY),
              };
              const { timestamp, ...values } = point;
              const expected = metricsOf(within(fitting, span), (span.to - span.from) / 1000);
              const names = metrics?.split(',') ?? ['events_total', 'unique_users', 'error_count'];
              expect(Object.keys(values).sort()).toEqual([...names].sort());
              for (const [metric, value] of Object.entries(values)) expectNear(value, expected[metric]);
            }
          },
        ),
        { numRuns: 25 },
      );
    });

    it('a series is the recount, by group, and so is the period that it is compared with', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom(...storedMetrics),
          fc.constantFrom(undefined, 'type', 'data.page', 'tag'),
          fc.constantFrom(undefined, 'previous', 'previous_day'),
          fc.constantFrom(...zones),
          fc.constantFrom('6h', '1d'),
          fc.integer({ min: 1, max: 14 }),
          async (metric, group, compare, zone, interval, length) => {
            const to = begin + days * day;
            const from = to - length * day;
            const series = await get<MetricSeries>('/metrics/series', {
              metric,
              interval,
              compare,
              group_by: group,
              time_zone: zone,
              limit: '2',
              start: new Date(from).toISOString(),
            });
            const kept = new Set(Object.keys(series.groups ?? {}));
            expectSeries(series, metric, group, kept);
            expect(series.previous === undefined).toBe(compare === undefined);
            if (series.previous === undefined) return;
            const before = series.previous.period;
            const shift = compare === 'previous' ? to - from : day;
            // The whole period and the one before are on the same side of any change of clocks, or an hour apart.
            expect(Math.abs(Date.parse(before.end) - (to - shift))).toBeLessThanOrEqual(hour);
            expectSeries(series.previous, metric, group, kept);
          },
        ),
        { numRuns: 25 },
      );
    });

    it('a series takes any aggregation and two groups', async () => {
      const query = { start: new Date(begin).toISOString(), interval: '1d' };
      const sums = await get<MetricSeries>('/metrics/series', { ...query, metric: 'sum', field: 'data.n' });
      const total = events.reduce((sum, { data }) => sum + Number(data.n), 0);
      expect(sums.total).toBe(total);
      expect(sums.data.reduce((sum, { value }) => sum + (value ?? 0), 0)).toBe(total);
      const pairs = await get<MetricSeries>('/metrics/series', {
        ...query,
        group_by: 'type,source',
        limit: '100',
      });
      const clicks = events.filter(({ type, source }) => type === 'web.click' && source === "it's");
      expect(pairs.groups?.['web.click']).toMatchObject({ "it's": clicks.length });
    });

    it.each(['data.page', 'type', 'tag', 'user_id'])('the top of %s is the recount', async (property) => {
      const to = begin + days * day;
      const from = to - 6 * day;
      const top = await get<TopValues>('/metrics/top', {
        property,
        start: new Date(from).toISOString(),
        limit: '3',
      });
      const now = within(events, { from, to });
      const before = within(events, { from: 2 * from - to, to: from });
      const counts = countBy(now, property);
      const largest = [...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).slice(0, 3);
      const earlier = countBy(before, property);
      expect(top.data).toEqual(
        largest.map(([value, count]) => {
          const previous = earlier.get(value) ?? 0;
          return {
            value,
            count,
            share: count / now.length,
            previous_count: previous,
            change: previous === 0 ? null : (count - previous) / previous,
          };
        }),
      );
      const kept = new Set(largest.map(([value]) => value));
      expect(top.other).toBe(
        now.filter((event) => groupsOf(event, property).some((value) => !kept.has(value))).length,
      );
      expect(top).toMatchObject({ total: now.length, previous_total: before.length });
    });

    it('has no change where there was nothing before', async () => {
      const top = await get<TopValues>('/analytics/top-sources', {
        start: new Date(begin).toISOString(),
        end: new Date(begin + days * day + 1).toISOString(),
      });
      expect(top.data.map(({ change }) => change)).toEqual([null, null, null]);
      expect(new Map(top.data.map(({ value, count }) => [value, count]))).toEqual(countBy(events, 'source'));
      const types = await get<TopValues>('/analytics/event-types', { source: 'backend' });
      const last = within(events, { from: begin + (days - 1) * day, to: begin + days * day });
      const backend = last.filter(({ source }) => source === 'backend');
      expect(new Map(types.data.map(({ value, count }) => [value, count]))).toEqual(countBy(backend, 'type'));
    });

    it('trends are the recount by type', async () => {
      const from = begin + 2 * day;
      const to = begin + days * day;
      const trends = await get<EventTrends>('/analytics/event-trends', {
        start: new Date(from).toISOString(),
        interval: '1d',
        limit: '2',
      });
      expect(trends.data).toHaveLength(days - 2);
      for (const [i, point] of trends.data.entries()) {
        const members = within(events, { from: from + i * day, to: from + (i + 1) * day });
        const counts = countBy(members, 'type');
        expect(point.events_total).toBe(members.length);
        expect(Object.keys(point.types)).toHaveLength(2);
        for (const [type, count] of Object.entries(point.types)) expect(count).toBe(counts.get(type) ?? 0);
        const named = Object.values(point.types).reduce((sum, count) => sum + count, 0);
        expect(point.other).toBe(members.length - named);
      }
      const previous = within(events, { from: 2 * from - to, to: from }).length;
      expect(trends.previous_total).toBe(previous);
      expect(trends.change).toBe((trends.total - previous) / previous);
    });

    it('users are those of what their user agents tell, each once', async () => {
      const query = { start: new Date(begin).toISOString() };
      const of = (...texts: string[]) => {
        const some = events.filter(({ data }) => texts.some((text) => data.user_agent === text));
        return { users: new Set(some.flatMap(({ user_id }) => user_id ?? [])).size, events: some.length };
      };
      const rowsOf = ({ data }: UserDistribution) =>
        new Map(data.map(({ name, users, events }) => [name, { users, events }]));
      const devices = await get<UserDistribution>('/analytics/user-distribution', query);
      expect(rowsOf(devices)).toEqual(
        new Map([
          ['desktop', of(agents.chrome, agents.newerChrome)],
          ['mobile', of(agents.iphone)],
          ['bot', of(agents.bot)],
          ['unknown', of(agents.nothing)],
        ]),
      );
      expect(devices.total + devices.without_user_agent).toBe(events.length);
      const browsers = await get<UserDistribution>('/analytics/user-distribution', {
        ...query,
        by: 'browser',
      });
      expect(rowsOf(browsers).get('Chrome')).toEqual(of(agents.chrome, agents.newerChrome));
      const systems = await get<UserDistribution>('/analytics/user-distribution', { ...query, by: 'os' });
      expect(rowsOf(systems).get('iOS')).toEqual(of(agents.iphone));
    });

    it('answers the longest page of moments', async () => {
      const { data } = await get<{ data: HistoricalMetrics[] }>('/metrics/historical', {
        start: new Date(begin - 400 * day).toISOString(),
        time_zone: 'Asia/Kolkata',
        metrics: 'events_total,unique_users,active_sessions',
        limit: '10000',
      });
      expect(data).toHaveLength((400 + days) * 24 + 1);
      expect(data.reduce((sum, point) => sum + Number(point.events_total), 0)).toBe(events.length);
    });

    it('answers where there is nothing', async () => {
      const query = { start: '2001-01-01T00:00:00Z', end: '2001-01-02T00:00:00Z' };
      const series = await get<MetricSeries>('/metrics/series', {
        ...query,
        group_by: 'type',
        compare: 'previous',
      });
      expect(series).toMatchObject({ total: 0, groups: {}, previous: { total: 0, groups: {} } });
      expect(series.data).toHaveLength(24);
      const times = await get<MetricSeries>('/metrics/series', { ...query, metric: 'response_time_p95' });
      expect(times.data.map(({ value }) => value)).toEqual(Array(24).fill(null));
      const top = await get<TopValues>('/metrics/top', { ...query, property: 'data.page' });
      expect(top).toMatchObject({ data: [], other: 0, total: 0, previous_total: 0 });
      const users = await get<UserDistribution>('/analytics/user-distribution', query);
      expect(users).toMatchObject({ data: [], total: 0, without_user_agent: 0 });
      const trends = await get<EventTrends>('/analytics/event-trends', query);
      expect(trends).toMatchObject({ total: 0, change: null });
    });

    it('compares with the same days a month and a year before, in the calendar of the zone', async () => {
      const query = { time_zone: 'Europe/Berlin', interval: '1d', start: '2026-03-01T00:00:00+01:00' };
      const before = async (end: string, compare: string) => {
        const series = await get<MetricSeries>('/metrics/series', { ...query, end, compare });
        return series.previous?.period;
      };
      expect(await before('2026-04-01T00:00:00+02:00', 'previous_month')).toEqual({
        start: '2026-01-31T23:00:00.000Z',
        end: '2026-02-28T23:00:00.000Z',
      });
      expect(await before('2026-04-01T00:00:00+02:00', 'previous_year')).toEqual({
        start: '2025-02-28T23:00:00.000Z',
        end: '2025-03-31T22:00:00.000Z',
      });
      expect(await before('2026-03-31T12:00:00+02:00', 'previous_month')).toEqual({
        start: '2026-01-31T23:00:00.000Z',
        end: '2026-02-28T11:00:00.000Z',
      });
      // 31 local days, one of them of 23 hours.
      expect(await before('2026-04-01T00:00:00+02:00', 'previous')).toEqual({
        start: '2026-01-28T23:00:00.000Z',
        end: '2026-02-28T23:00:00.000Z',
      });
    });

    it('refuses what it cannot answer, and names it', async () => {
      const refused = async (path: string, query: Record<string, string>): Promise<unknown> => {
        const url = `${path}?${new URLSearchParams(query)}`;
        const answer = await server.app.inject({ url, headers: { authorization: 'Bearer viewer' } });
        expect(answer.statusCode, answer.body).toBe(422);
        return answer.json().details.field;
      };
      expect(await refused('/metrics/series', { metric: 'sum' })).toBe('field');
      expect(await refused('/metrics/series', { metric: 'error_rate', field: 'data.n' })).toBe('field');
      expect(await refused('/metrics/series', { metric: 'speed' })).toBe('metric');
      expect(await refused('/metrics/series', { group_by: 'colour' })).toBe('group_by');
      expect(await refused('/metrics/series', { interval: '1s' })).toBe('interval');
      expect(await refused('/metrics/series', { compare: 'yesterday' })).toBe('compare');
      expect(await refused('/metrics/top', {})).toBe('property');
      expect(await refused('/metrics/top', { property: 'data' })).toBe('property');
      expect(await refused('/metrics/top', { property: 'type', limit: '0' })).toBe('limit');
      expect(await refused('/analytics/user-distribution', { by: 'height' })).toBe('by');
      expect(await refused('/analytics/event-trends', { time_zone: 'Mars/Olympus' })).toBe('time_zone');
      expect(await refused('/analytics/top-sources', { page: '1' })).toBe('page');
    });
  });
}

/** Intervals meet, hold the period, and begin where clocks of the zone say that an interval begins. */
function expectEdges(
  zone: string,
  interval: string,
  { from, to }: { from: number; to: number },
  times: readonly number[],
): void {
  const clock = createWallClock(zone);
  expect(times[0]).toBeLessThanOrEqual(from);
  expect(times.at(-1)).toBeLessThan(to);
  const unit = interval === '1d' ? 'd' : interval === '1w' ? 'w' : interval === '1mo' ? 'mo' : null;
  if (unit !== null) {
    const keys = new Set<string>();
    for (let moment = from; moment < to; moment += hour) keys.add(calendarKey(unit, clock, moment));
    keys.add(calendarKey(unit, clock, to - 1));
    expect(times.map((time) => calendarKey(unit, clock, time))).toEqual([...keys]);
    for (const time of times) {
      expect(clock(time).slice(11)).toBe('00:00');
      expect(calendarKey(unit, clock, time - 1)).not.toBe(calendarKey(unit, clock, time));
    }
  } else if (interval === '1h' || interval === '15m') {
    const length = interval === '1h' ? hour : hour / 4;
    expect(times).toEqual(times.map((_, i) => (times[0] ?? 0) + i * length));
    expect(times).toHaveLength(Math.ceil((to - (times[0] ?? 0)) / length));
    for (const time of times) expect(Number(clock(time).slice(14)) % (length / 60_000)).toBe(0);
  } else if (interval === '6h')
    for (const day of new Set(times.map((time) => clock(time).slice(0, 10)))) {
      const ofDay = times.filter((time) => clock(time).startsWith(day));
      if (ofDay[0] !== times[0]) expect(clock(ofDay[0] ?? 0).slice(11)).toBe('00:00');
    }
}

function expectSeries(
  series: Pick<MetricSeries, 'data' | 'total' | 'groups' | 'other' | 'period'>,
  metric: string,
  group: string | undefined,
  kept: ReadonlySet<string>,
): void {
  const whole = { from: Date.parse(series.period.start), to: Date.parse(series.period.end) };
  const expectPart = (
    found: { groups?: MetricSeries['groups']; other?: MetricSeries['other'] },
    value: number | null,
    span: { from: number; to: number },
  ): void => {
    const members = within(events, span);
    const expected = (some: readonly LineEvent[]) => metricsOf(some, (span.to - span.from) / 1000)[metric];
    expectNear(value, expected(members));
    for (const [key, part] of Object.entries(found.groups ?? {}))
      expectNear(part, expected(members.filter((event) => groupsOf(event, group ?? '').includes(key))));
    if (found.other !== undefined && group !== 'tag')
      expectNear(
        found.other,
        expected(members.filter((event) => groupsOf(event, group ?? '').some((key) => !kept.has(key)))),
      );
  };
  expectPart(series, series.total, whole);
  const times = series.data.map(({ timestamp }) => Date.parse(timestamp));
  for (const [i, point] of series.data.entries()) {
    const from = Math.max(whole.from, times[i] ?? 0);
    expectPart(point, point.value, { from, to: Math.min(whole.to, times[i + 1] ?? whole.to) });
  }
}

function groupsOf(event: LineEvent, property: string): readonly string[] {
  if (property === 'tag') return event.tags.length === 0 ? ['null'] : event.tags;
  if (property === 'data.page') return [String(event.data.page)];
  const fields: Record<string, string | null> = {
    type: event.type,
    source: event.source,
    user_id: event.user_id,
  };
  return [fields[property] ?? 'null'];
}

function countBy(some: readonly LineEvent[], property: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of some.flatMap((event) => groupsOf(event, property)))
    counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

/** Sums of floating-point numbers depend on the order. */
function expectNear(found: unknown, expected: number | null | undefined): void {
  if (typeof found === 'number' && typeof expected === 'number')
    expect(Math.abs(found - expected)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(expected)));
  else expect(found).toBe(expected);
}
