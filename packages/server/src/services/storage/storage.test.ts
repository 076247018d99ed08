import type { IncomingMessage } from 'node:http';
import { get as httpGet } from 'node:http';
import type { Event } from '@streamflow/contracts';
import { readLedger, readRetention } from '@streamflow/contracts';
import { parse as parseCsv } from 'csv-parse/sync';
import { Value } from 'typebox/value';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StreamFlowError, unavailable } from '../../domain/errors.ts';
import { silentLog } from '../../domain/log.ts';
import { createFakeTimers } from '../../domain/timers.fixture.ts';
import type { TestServer } from '../../http/server.fixture.ts';
import { startTestServer } from '../../http/server.fixture.ts';
import { createRemovals } from '../../ledger/removals.ts';
import { openTestRecords, type TestRecords } from '../../ledger/test-records.fixture.ts';
import type { TestBus, TestStore } from './storage.fixture.ts';
import {
  createTestBus,
  createTestMetrics,
  createTestStore,
  deliveryOf,
  eventOf,
  exportPages,
} from './storage.fixture.ts';
import { createStorage } from './storage.ts';

const clock = { now: () => Date.UTC(2026, 5, 1, 12) };
let store: TestStore;
let bus: TestBus;
let server: TestServer;
let records: TestRecords;
let storage: ReturnType<typeof createStorage>;

beforeEach(async () => {
  records = await openTestRecords(clock);
  store = createTestStore();
  bus = createTestBus();
  storage = createStorage({
    bus,
    events: store,
    records: records.store,
    clock,
    random: () => 0.5,
    log: silentLog,
    metrics: createTestMetrics(),
    retention: {
      days: { general: 30, byType: { 'web.*': 7, error: null } },
      auditDays: 400,
      timers: createFakeTimers(),
      settleAfterMs: 0,
    },
  });
  server = await startTestServer(storage.routes, { limits: { maxBodyBytes: 1_000_000, maxJsonDepth: 8 } });
});
afterEach(async () => {
  await server.close();
  await records.close();
});

const keep = (...events: Event[]): void => {
  for (const event of events) store.events.set(event.id, event);
};
const get = (url: string, method: 'GET' | 'HEAD' = 'GET') =>
  server.app.inject({ url, method, headers: { authorization: 'Bearer reader-token' } });

describe('the service', () => {
  it('stores what the bus delivers and closes the consumption after the last answer', async () => {
    await storage.start();
    const deliveries = [deliveryOf([eventOf(1), eventOf(2)]), deliveryOf([eventOf(3)])];
    for (const delivery of deliveries) bus.options?.onDelivery(delivery);
    expect(storage.figures.events_waiting?.()).toBe(3);
    await storage.stop();
    expect(deliveries.map(({ answer }) => answer)).toEqual(['ack', 'ack']);
    expect(bus.log).toEqual(['consume events.storage', 'pause', 'close']);
  });

  it('pauses the consumption while the store is away', async () => {
    await storage.start();
    store.before = () => Promise.reject(unavailable('away'));
    const delivery = deliveryOf([eventOf(1)]);
    bus.options?.onDelivery(delivery);
    await vi.waitFor(() => expect(bus.log).toContain('pause'));
    store.before = async () => {};
    await vi.waitFor(() => expect(bus.log).toContain('resume'), { timeout: 5000 });
    expect(delivery.answer).toBe('ack');
    await storage.stop();
  });

  it('asks the real engines for its health', async () => {
    await storage.checks.database?.();
    store.pinging = () => Promise.reject(unavailable('away'));
    bus.ping = () => Promise.reject(unavailable('no broker'));
    await expect(storage.checks.database?.()).rejects.toThrow('away');
    await expect(storage.checks.message_broker?.()).rejects.toThrow('no broker');
  });
});

describe('POST /events/lookup', () => {
  const post = (body: unknown, token = 'reader-token') =>
    server.app.inject({
      url: '/events/lookup',
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      payload: JSON.stringify(body),
    });

  it('says which ids are stored and since when, and returns the events when asked', async () => {
    keep(eventOf(1), eventOf(2));
    const ids = [eventOf(1).id.toUpperCase(), eventOf(3).id, eventOf(1).id];
    const { id, received_at } = eventOf(1);
    const answer = await post({ ids });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ success: true, data: { found: [{ id, received_at }] } });
    expect((await post({ ids, events: true })).json().data).toEqual({
      found: [{ id, received_at, event: eventOf(1) }],
    });
  });

  it.each([
    ['no list', {}, 'ids'],
    ['none', { ids: [] }, 'ids'],
    ['too many', { ids: Array.from({ length: 20_001 }, (_, n) => eventOf(n).id) }, 'ids'],
    [
      'too many with events',
      { ids: Array.from({ length: 1001 }, (_, n) => eventOf(n).id), events: true },
      'ids',
    ],
    ['what is no id', { ids: [eventOf(1).id, "' OR 1=1"] }, 'ids.1'],
    ['an unknown field', { ids: [eventOf(1).id], id: 1 }, 'id'],
  ])('refuses %s and names the field', async (_, body, field) => {
    const answer = await post(body);
    expect(answer.statusCode).toBe(422);
    expect(answer.json().details).toMatchObject({ field });
  });
});

describe('GET /events', () => {
  it('answers pages with the documented pagination', async () => {
    keep(...[1, 2, 3, 4, 5].map((n) => eventOf(n)));
    const answer = await get('/events?limit=2&page=2&order=asc');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({
      data: [eventOf(3), eventOf(4)],
      pagination: {
        page: 2,
        page_size: 2,
        total: 5,
        pages: 3,
        has_next: true,
        has_prev: true,
        next_cursor: expect.any(String),
      },
    });
  });

  it('reads on by cursor to the end, each event once', async () => {
    keep(...Array.from({ length: 25 }, (_, n) => eventOf(n)));
    const seen: string[] = [];
    let cursor: string | null = '';
    let pages = 0;
    while (cursor !== null) {
      const answer = await get(`/events?limit=10&data.page=x${cursor === '' ? '' : `&cursor=${cursor}`}`);
      const body: { data: Event[]; pagination: Record<string, unknown> } = answer.json();
      seen.push(...body.data.map(({ id }) => id));
      const { next_cursor: next } = body.pagination;
      expect(body.pagination).toMatchObject({
        page: ++pages,
        pages: 3,
        total: 25,
        has_prev: pages > 1,
        has_next: next !== null,
      });
      cursor = typeof next === 'string' ? next : null;
    }
    expect(seen).toEqual(Array.from({ length: 25 }, (_, n) => eventOf(24 - n).id));
  });

  it('refuses what it does not know, with the field and what is allowed', async () => {
    const answer = await get('/events?kind=error&start=never');
    expect(answer.statusCode).toBe(422);
    expect(answer.json()).toMatchObject({ error: 'ValidationError', details: { field: expect.any(String) } });
    const unknown = (await get('/events?kind=error')).json();
    expect(unknown.details.field).toBe('kind');
    expect(unknown.details.allowed_values).toContain('data.<path>');
  });

  it.each(['%27%3B--', '%F0%9F%98%80', 'a%2Cb%26c', '%25'])('takes the user %s as text', async (user) => {
    const list = vi.spyOn(store, 'list');
    expect((await get(`/events?user_id=${user}`)).statusCode).toBe(200);
    expect(list.mock.calls[0]?.[0].filter.userIds).toEqual([decodeURIComponent(user)]);
  });
});

describe('GET /events/{id}', () => {
  it('answers the event, whatever the case of its id', async () => {
    const event = eventOf(0xabc, { data: { 'a.b': null, empty: {} } });
    keep(event);
    const answer = await get(`/events/${event.id.toUpperCase()}`);
    expect(answer.json()).toEqual({
      success: true,
      message: 'Event retrieved successfully',
      data: event,
      timestamp: '2026-06-01T12:00:00.000Z',
    });
  });

  it('says 404 for an unknown id and 422 for what is none', async () => {
    expect((await get(`/events/${eventOf(9).id}`)).statusCode).toBe(404);
    expect((await get('/events/9')).statusCode).toBe(422);
  });
});

describe('GET /events/aggregations', () => {
  it('echoes the period in UTC', async () => {
    keep(eventOf(1));
    const answer = await get('/events/aggregations?start=2023-12-01T01:00:00%2B01:00&group_by=type');
    expect(answer.json()).toEqual({
      aggregations: {},
      total: 1,
      period: { start: '2023-12-01T00:00:00.000Z', end: null },
    });
  });

  it('refuses a series that the events themselves make too long', async () => {
    keep(eventOf(0), eventOf(10_001));
    const answer = await get('/events/aggregations?interval=1s');
    expect(answer.statusCode).toBe(422);
    expect(answer.json().details.field).toBe('interval');
    expect((await get('/events/aggregations?interval=2s')).statusCode).toBe(200);
  });
});

describe('GET /events/export', () => {
  it('streams one event a line', async () => {
    const events = Array.from({ length: 250 }, (_, n) => eventOf(n));
    keep(...events);
    const answer = await get('/events/export');
    expect(answer.headers['content-type']).toContain('application/x-ndjson');
    expect(answer.headers['content-disposition']).toBe(
      'attachment; filename="streamflow-events-20260601T120000Z.ndjson"',
    );
    const lines = answer.body.split('\n');
    expect(lines.pop()).toBe('');
    expect(lines.map((line) => JSON.parse(line))).toEqual(events);
    expect((await get('/events/export?limit=7')).body.split('\n')).toHaveLength(8);
  });

  it('writes CSV that a reader takes back and a spreadsheet does not run', async () => {
    keep(
      eventOf(1, { source: '=cmd|"/c calc"!A1', user_id: '-2+3', session_id: '-12.5e3', tags: ['a,b', '"'] }),
      eventOf(2, { source: '@sum\r\n"x"', user_id: '\t=1', correlation_id: '+49 30 1' }),
    );
    const answer = await get('/events/export?format=csv');
    expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8');
    const rows: Record<string, string>[] = parseCsv(answer.body, { columns: true, record_delimiter: '\r\n' });
    expect(rows).toMatchObject([
      {
        source: `'=cmd|"/c calc"!A1`,
        user_id: "'-2+3",
        session_id: '-12.5e3',
        tags: '["a,b","\\""]',
        data: '{"n":1}',
      },
      { source: `'@sum\r\n"x"`, user_id: "'\t=1", session_id: '', correlation_id: "'+49 30 1" },
    ]);
  });

  it('answers an export without events', async () => {
    expect((await get('/events/export')).body).toBe('');
    expect((await get('/events/export?format=csv')).body).toMatch(/^id,type,.*\r\n$/);
  });

  it('does not read for HEAD', async () => {
    const reading = vi.spyOn(store, 'export');
    const answer = await get('/events/export', 'HEAD');
    expect([answer.statusCode, answer.body]).toEqual([200, '']);
    expect(reading).not.toHaveBeenCalled();
  });

  it('answers a failure before the first event as an error', async () => {
    store.export = () => exportPages([eventOf(1)], { signal: AbortSignal.abort(unavailable('away')) });
    const answer = await get('/events/export?format=csv');
    expect(answer.statusCode).toBe(503);
    expect(answer.json().error).toBe('ServiceUnavailable');
    expect(answer.headers['content-type']).toContain('application/json');
  });

  it('breaks the connection when it fails in the middle', async () => {
    store.export = async function* () {
      yield [eventOf(1)];
      throw new StreamFlowError('ServiceUnavailable', 'too slow');
    };
    const { port } = await server.listen('127.0.0.1', 0);
    const answer = await fetch(`http://127.0.0.1:${port}/events/export`, {
      headers: { authorization: 'Bearer reader-token' },
    });
    expect(answer.status).toBe(200);
    await expect(answer.text()).rejects.toThrow();
  });

  it('waits for a slow reader, and ends the query when the reader leaves', async () => {
    let pages = 0;
    let aborted = false;
    let returned = false;
    const page = Array.from({ length: 200 }, (_, n) => eventOf(n, { data: { text: 'x'.repeat(1000) } }));
    store.export = async function* (_query, options) {
      options?.signal?.addEventListener('abort', () => {
        aborted = true;
      });
      try {
        for (;;) {
          pages++;
          yield page;
          await new Promise((resolve) => setImmediate(resolve));
        }
      } finally {
        returned = true;
      }
    };
    const { port } = await server.listen('127.0.0.1', 0);
    const request = httpGet(`http://127.0.0.1:${port}/events/export`, {
      headers: { authorization: 'Bearer reader-token' },
    });
    const answer = await new Promise<IncomingMessage>((resolve) => request.once('response', resolve));
    expect(answer.statusCode).toBe(200);
    let before = -1;
    await vi.waitFor(
      () => {
        const now = pages;
        const still = now === before;
        before = now;
        expect(still).toBe(true);
      },
      { interval: 200, timeout: 10_000 },
    );
    // What fits in the buffers of both sides and of the sockets: some megabytes at 260 KB a page.
    expect(pages).toBeLessThan(100);
    request.destroy();
    await vi.waitFor(() => expect([aborted, returned]).toEqual([true, true]), { timeout: 5000 });
  });
});

describe('GET /retention', () => {
  it('says what is set and what was removed, to whoever reads events', async () => {
    const removals = createRemovals(records.store, clock);
    const minute = clock.now() - 60_000;
    for (const [name, count] of [
      ['first', 4],
      ['second', 3],
    ] as const) {
      await removals.begin({ name, lines: [{ project: 'default', minute, count }] });
      await removals.end(name);
    }
    const answer = await get('/retention');
    expect(Value.Check(readRetention.responses[200].schema, answer.json())).toBe(true);
    expect(answer.json().data).toEqual({
      days: 30,
      days_by_type: { 'web.*': 7, error: null },
      audit_days: 400,
      last_run_at: null,
      removed: { events: 7, last_events: 3, last_at: '2026-06-01T12:00:00.000Z' },
    });
  });
});

describe('GET /ledger', () => {
  const asAdmin = (url: string) => server.app.inject({ url, headers: { authorization: 'Bearer local' } });

  it('accounts for the last day up to the present minute, in the documented form', async () => {
    const received_at = new Date(clock.now() - 3_600_000).toISOString();
    keep(eventOf(1, { received_at }));
    const answer = await asAdmin('/ledger?all=true');
    expect(answer.statusCode).toBe(200);
    expect(Value.Check(readLedger.responses[200].schema, answer.json())).toBe(true);
    expect(answer.json().data).toMatchObject({
      from: '2026-05-31T12:00:00.000Z',
      to: '2026-06-01T12:00:00.000Z',
      since: null,
      verdict: 'holds',
      totals: { accepted: 0, stored: 1 },
      minutes: [{ minute: '2026-06-01T11:00:00.000Z', status: 'unchecked' }],
      processes: [],
    });
  });

  it('takes whole minutes, of at most 31 days', async () => {
    const range = (from: string, to: string) => asAdmin(`/ledger?from=${from}&to=${to}`);
    const rounded = await range('2026-05-01T00:00:59Z', '2026-05-01T00:01:01Z');
    expect(rounded.json().data).toMatchObject({
      from: '2026-05-01T00:00:00.000Z',
      to: '2026-05-01T00:02:00.000Z',
    });
    expect((await range('2026-05-01T00:00:00Z', '2026-06-01T00:00:00Z')).statusCode).toBe(200);
    expect((await range('2026-05-01T00:00:00Z', '2026-06-01T00:01:00Z')).statusCode).toBe(422);
    expect((await range('2026-05-02T00:00:00Z', '2026-05-01T00:00:00Z')).statusCode).toBe(422);
    expect((await range('yesterday', '2026-05-01T00:00:00Z')).statusCode).toBe(422);
  });

  it('is for administrators', async () => {
    expect((await get('/ledger')).statusCode).toBe(403);
  });
});
