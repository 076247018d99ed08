import {
  type AnalyticsWindows,
  type MetricDefinition,
  type MetricDelta,
  permissions,
} from '@streamflow/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../domain/log.ts';
import { testEvent } from '../../domain/metrics/live-metrics.fixture.ts';
import { metricDefinitionOrigins } from '../../domain/records/metric-definitions.ts';
import { createFakeTimers, type FakeTimers } from '../../domain/timers.fixture.ts';
import type { LiveMessage } from '../../engines/bus/port.ts';
import { principals, startTestServer, type TestServer } from '../../http/server.fixture.ts';
import { openTestRecords, type TestRecords } from '../../ledger/test-records.fixture.ts';
import { createDefinitionSource, type DefinitionSource } from '../../live-metrics/definition-source.ts';
import { createLiveMetrics } from '../../live-metrics/live-metrics.ts';
import { createAnalytics } from './analytics.ts';

const noon = Date.UTC(2023, 11, 1, 12);
const minute = 60_000;

let time: FakeTimers;
let records: TestRecords;
let definitions: DefinitionSource;
let server: TestServer;
let published: LiveMessage[];
const stored = Array.from({ length: 10 }, (_, n) =>
  testEvent({ at: noon - n * minute, data: n % 2 === 0 ? { amount: n } : {} }),
);

beforeEach(async () => {
  time = createFakeTimers(noon);
  records = await openTestRecords(time);
  definitions = createDefinitionSource({ records: records.store, timers: time, log: silentLog });
  published = [];
  const bus = {
    consume: async () => ({ pause() {}, resume() {}, close: async () => {} }),
    publishLive: (_: string, message: LiveMessage) => void published.push(message),
    subscribeLive: async () => ({ close: async () => {} }),
    ping: async () => {},
  };
  const events = {
    ping: async () => {},
    history: async () => [],
    aggregate: async () => ({ aggregations: {}, total: 0, period: { start: null, end: null } }),
    async *export({ filter: { start = 0, end = 0 } }: { filter: { start?: number; end?: number } }) {
      yield stored.filter(({ timestamp }) => Date.parse(timestamp) >= start && Date.parse(timestamp) < end);
    },
  };
  const parts = { bus, events, definitions, clock: time, timers: time, log: silentLog, maxTagValues: 10 };
  let ids = 0;
  const analytics = createAnalytics({
    ...parts,
    records: records.store,
    live: createLiveMetrics(parts),
    newId: () => `00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}`,
    metrics: { watchGauge() {} },
    worker: 'w',
    allowedLatenessMs: 5 * minute,
  });
  const reader = principals['reader-token'];
  if (reader === undefined) throw new Error('No reader');
  server = await startTestServer(analytics.routes, {
    access: {
      allowAnonymous: false,
      authenticate: (credential) => ({
        ...reader,
        permissions: new Set(credential === 'admin' ? permissions : (['metrics:read'] as const)),
      }),
    },
  });
});
afterEach(async () => {
  await server.close();
  await records.close();
});

const call = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, body?: object, headers = {}) =>
  server.app.inject({
    method,
    url,
    headers: {
      authorization: 'Bearer admin',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { payload: body }),
  });

const sales = {
  name: 'sales',
  type: 'counter',
  filter: 'has(event.data.amount)',
  value: 'event.data.amount',
  group_by: { source: 'event.source' },
};

async function define(body: object = sales): Promise<MetricDefinition> {
  const answer = await call('POST', '/metric-definitions', body);
  expect(answer.statusCode).toBe(201);
  return answer.json().data;
}

describe('/metric-definitions', () => {
  it('makes, shows, lists, replaces and deletes', async () => {
    const made = await define();
    expect(made).toMatchObject({ ...sales, description: '', unit: '', enabled: true, version: 1 });
    const url = `/metric-definitions/${made.id}`;
    expect((await call('GET', url)).json().data).toEqual(made);
    expect((await call('GET', '/metric-definitions')).json()).toMatchObject({
      data: [made],
      pagination: { total: 1 },
    });
    const changed = { name: 'sales', type: 'timer', value: 'event.data.seconds' };
    expect((await call('PUT', url, changed, { 'if-match': '"9"' })).statusCode).toBe(409);
    expect((await call('PUT', url, changed, { 'if-match': '"1"' })).json().data).toMatchObject({
      type: 'timer',
      filter: null,
      group_by: {},
      version: 2,
    });
    expect((await call('DELETE', url)).statusCode).toBe(200);
    expect((await call('GET', url)).statusCode).toBe(404);
    expect((await call('DELETE', url)).statusCode).toBe(404);
    expect((await call('PUT', url, changed)).statusCode).toBe(404);
  });

  it.each([
    [{ ...sales, filter: 'event.type ==' }, 'filter'],
    [{ ...sales, value: '"text"' }, 'value'],
    [{ ...sales, group_by: { a: 'nobody.knows' } }, 'group_by.a'],
    [{ ...sales, group_by: { 'Not a tag': 'event.type' } }, 'group_by.Not a tag'],
    [{ ...sales, name: 'events_total' }, 'name'],
    [{ ...sales, name: 'error_rate' }, 'name'],
    [{ ...sales, name: 'With Space' }, 'name'],
    [{ ...sales, type: 'sum' }, 'type'],
    [{ ...sales, type: 'gauge', value: null }, 'value'],
    [{ ...sales, more: 1 }, 'more'],
    [{ type: 'counter' }, 'name'],
  ])('refuses %j and names the field', async (body, field) => {
    const answer = await call('POST', '/metric-definitions', body);
    expect(answer.statusCode).toBe(422);
    expect(answer.json().details.field).toBe(field);
  });

  it('has a name once, and is written by those who may alone', async () => {
    await define();
    expect((await call('POST', '/metric-definitions', sales)).statusCode).toBe(409);
    const viewer = { authorization: 'Bearer viewer' };
    expect((await call('POST', '/metric-definitions', { ...sales, name: 'b' }, viewer)).statusCode).toBe(403);
    expect((await call('GET', '/metric-definitions', undefined, viewer)).statusCode).toBe(200);
  });

  it('are not changed or deleted while a file keeps them, and say so', async () => {
    const { id } = await define();
    const url = `/metric-definitions/${id}`;
    const origin = { project: 'default', id };
    await records.store.insert(metricDefinitionOrigins, { ...origin, file: 'metrics.yaml' });
    expect((await call('GET', url)).json().data.managed_by).toBe('metrics.yaml');
    expect((await call('GET', '/metric-definitions')).json().data[0].managed_by).toBe('metrics.yaml');
    for (const refused of [await call('PUT', url, sales), await call('DELETE', url)])
      expect([refused.statusCode, refused.json().details]).toEqual([409, { managed_by: 'metrics.yaml' }]);
    await records.store.delete(metricDefinitionOrigins, origin);
    expect((await call('PUT', url, sales)).json().data).toMatchObject({ managed_by: null, version: 2 });
    expect((await call('DELETE', url)).statusCode).toBe(200);
  });

  it('are known to every worker within two seconds, and no longer when they are gone or disabled', async () => {
    definitions.start();
    await definitions.ready('default');
    expect(definitions.of('default')).toEqual([]);
    const { id } = await define();
    await time.advance(2000);
    expect(definitions.of('default').map(({ name }) => name)).toEqual(['sales']);
    await call('PUT', `/metric-definitions/${id}`, { ...sales, enabled: false });
    await time.advance(2000);
    expect(definitions.of('default')).toEqual([]);
    definitions.stop();
  });

  it('are computed from the stored events on request', async () => {
    const { id } = await define();
    const answer = call('POST', `/metric-definitions/${id}/backfill`, { minutes: 5 });
    // Until every worker measures it, and what they did not measure is stored.
    while (published.length === 0) await time.advance(1000);
    expect((await answer).json().data).toEqual({
      start: '2023-12-01T11:55:00.000Z',
      end: '2023-12-01T12:00:03.000Z',
      events: 6,
      measured: 3,
    });
    const deltas = published.map(({ body }): MetricDelta => JSON.parse(body.toString()));
    expect(deltas.map(({ replaces }) => replaces?.metric)).toEqual(Array(6).fill('sales'));
    expect(deltas.flatMap(({ metrics }) => metrics.map(({ value, tags }) => [value, tags]))).toEqual([
      [4, { source: 'website' }],
      [2, { source: 'website' }],
      [0, { source: 'website' }],
    ]);
    expect((await call('POST', `/metric-definitions/${id}/backfill`, { minutes: 0 })).statusCode).toBe(422);
  });
});

describe('GET /analytics/windows', () => {
  it('tells the windows and their state', async () => {
    const answer = await call('GET', '/analytics/windows?minutes=8');
    expect(answer.statusCode).toBe(200);
    const { data }: { data: AnalyticsWindows } = answer.json();
    expect(data).toMatchObject({
      watermark: '2023-12-01T11:59:58.000Z',
      allowed_lateness_seconds: 300,
      workers: [],
    });
    expect(data.windows.map(({ state }) => state)).toEqual([
      'final',
      'closed',
      'closed',
      'closed',
      'closed',
      'closed',
      'open',
      'open',
    ]);
    expect((await call('GET', '/analytics/windows?minutes=61')).statusCode).toBe(422);
  });
});
