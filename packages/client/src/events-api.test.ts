import type { Event } from '@streamflow/contracts';
import { describe, expect, it } from 'vitest';
import { StreamFlow, StreamFlowApiError } from './index.ts';
import { type Answer, answer, noNetwork, refuse, scriptedFetch, silence } from './scripted-fetch.fixture.ts';

const setUp = (...script: readonly [Answer, ...Answer[]]) => {
  const { fetch, sent } = scriptedFetch(() => 0, ...script);
  const client = new StreamFlow({
    storageUrl: 'http://store.test',
    apiKey: 'sf_key',
    fetch,
    requestTimeoutMs: 50,
  });
  return { client, sent };
};
const event = (id: string): Event => ({
  id,
  type: 'custom',
  source: 's',
  timestamp: '2026-01-01T00:00:00.000Z',
  severity: 'medium',
  data: { text: 'ä\u2028' },
  metadata: {},
  correlation_id: null,
  session_id: null,
  user_id: null,
  tags: [],
  received_at: '2026-01-01T00:00:00.000Z',
});
const page =
  (data: readonly Event[], next: string | null): Answer =>
  () =>
    answer(200, { data, pagination: { next_cursor: next } });
/** A streamed body in chunks of so many bytes. */
const streamed =
  (text: string, chunkBytes: number): Answer =>
  () => {
    const bytes = new TextEncoder().encode(text);
    let at = 0;
    return new Response(
      new ReadableStream<Uint8Array>({
        pull(controller) {
          if (at >= bytes.length) return controller.close();
          controller.enqueue(bytes.subarray(at, at + chunkBytes));
          at += chunkBytes;
        },
      }),
    );
  };
const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};

describe('reading events', () => {
  it('writes filters as the query string that the API documents', async () => {
    const { client, sent } = setUp(page([], null));
    await client.events.list({
      start: new Date(0),
      type: ['error', 'web.click'],
      user_id: 'a&b',
      severity: undefined,
      'data."id.orig_h"': ['10.0.0.1'],
      limit: 5,
    });
    const { pathname, searchParams } = new URL(sent[0]?.url ?? '');
    expect(pathname).toBe('/events');
    expect([...searchParams]).toEqual([
      ['start', '1970-01-01T00:00:00.000Z'],
      ['type', 'error'],
      ['type', 'web.click'],
      ['user_id', 'a&b'],
      ['data."id.orig_h"', '10.0.0.1'],
      ['limit', '5'],
    ]);
    expect(sent[0]?.request.headers).toMatchObject({ authorization: 'Bearer sf_key' });
  });

  it('asks the services that have metrics for them', async () => {
    const { fetch, sent } = scriptedFetch(
      () => 0,
      () => answer(200, { data: [] }),
    );
    const client = new StreamFlow({
      dashboardUrl: 'http://board.test',
      analyticsUrl: 'http://stats.test',
      fetch,
    });
    await client.metrics.historical({
      start: new Date(0),
      interval: '1d',
      time_zone: 'Europe/Berlin',
      metrics: ['events_total', 'error_rate'],
    });
    await client.metrics.series({ metric: 'sum', field: 'data.n', group_by: 'type', compare: 'previous' });
    await client.metrics.top({ property: 'data.page', limit: 3 });
    await client.analytics.eventTrends({ interval: '1w' });
    await client.analytics.userDistribution({ by: 'os', 'data.page': '/' });
    await client.analytics.topSources({ limit: 5 });
    await client.analytics.eventTypes();
    expect(sent.map(({ url }) => decodeURIComponent(url))).toEqual([
      'http://board.test/metrics/historical?start=1970-01-01T00:00:00.000Z&interval=1d&time_zone=Europe/Berlin&metrics=events_total&metrics=error_rate',
      'http://board.test/metrics/series?metric=sum&field=data.n&group_by=type&compare=previous',
      'http://board.test/metrics/top?property=data.page&limit=3',
      'http://stats.test/analytics/event-trends?interval=1w',
      'http://stats.test/analytics/user-distribution?by=os&data.page=/',
      'http://stats.test/analytics/top-sources?limit=5',
      'http://stats.test/analytics/event-types',
    ]);
  });

  it('unwraps a single event and passes an aggregation on', async () => {
    expect(await setUp(() => answer(200, { data: event('1') })).client.events.get('1')).toEqual(event('1'));
    const { client, sent } = setUp(() => answer(200, { aggregations: { error: 2 }, total: 2 }));
    const result = await client.events.aggregate({
      metric: 'count',
      group_by: ['type', 'data.page'],
      interval: '1h',
    });
    expect(result.aggregations).toEqual({ error: 2 });
    expect(new URL(sent[0]?.url ?? '').searchParams.getAll('group_by')).toEqual(['type', 'data.page']);
  });

  it('looks many ids up in one request', async () => {
    const found = [{ id: '1', received_at: '2026-01-01T00:00:00.000Z', event: event('1') }];
    const { client, sent } = setUp(() => answer(200, { data: { found } }));
    expect(await client.events.lookUp(['1', '2'], { events: true })).toEqual(found);
    expect(sent[0]?.url).toBe('http://store.test/events/lookup');
    expect(JSON.parse(String(sent[0]?.request.body))).toEqual({ ids: ['1', '2'], events: true });
  });

  it('walks along the cursor, page after page, no further than it is asked for', async () => {
    const { client, sent } = setUp(page([event('1'), event('2')], 'c1'), page([event('3')], null));
    expect((await collect(client.events.each({ type: 'custom' }))).map(({ id }) => id)).toEqual([
      '1',
      '2',
      '3',
    ]);
    expect(sent.map(({ url }) => new URL(url).search)).toEqual(['?type=custom', '?type=custom&cursor=c1']);
    const lazy = setUp(page([event('1'), event('2')], 'c1'));
    for await (const _ of lazy.client.events.each()) break;
    expect(lazy.sent).toHaveLength(1);
  });

  it.each([1, 3, 1000])('streams an export that comes in chunks of %i bytes', async (chunkBytes) => {
    const text = ['1', '2', '3'].map((id) => JSON.stringify(event(id))).join('\n');
    const { client } = setUp(streamed(text, chunkBytes));
    expect(await collect(client.events.export())).toEqual([event('1'), event('2'), event('3')]);
  });

  it('ends an export whose signal is aborted', async () => {
    const { client } = setUp(streamed(`${JSON.stringify(event('1'))}\n`.repeat(1000), 400));
    const abort = new AbortController();
    let seen = 0;
    const read = async () => {
      for await (const _ of client.events.export({}, { signal: abort.signal }))
        if (++seen === 5) abort.abort();
    };
    await expect(read()).rejects.toMatchObject({ name: 'AbortError' });
    expect(seen).toBeLessThan(1000);
  });
});

describe('an error', () => {
  it('carries what the server said', async () => {
    const { client } = setUp(refuse(429, 'RateLimitExceeded', { 'retry-after': '7' }, { field: 'x' }));
    const error = await client.events.list().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StreamFlowApiError);
    expect(error).toMatchObject({
      code: 'RateLimitExceeded',
      status: 429,
      message: 'RateLimitExceeded happened',
      details: { field: 'x' },
      correlationId: 'c-1',
      retryAfter: 7,
    });
  });

  it.each<[string, Answer, object]>([
    [
      'no network',
      noNetwork,
      { code: 'ConnectionFailed', status: 0, message: expect.stringContaining('ECONNREFUSED') },
    ],
    ['no answer in time', silence, { code: 'Timeout', status: 0 }],
    [
      'a page of a proxy',
      () => new Response('<html>', { status: 502 }),
      { code: 'InvalidResponse', status: 502 },
    ],
    ['a success that is not JSON', () => new Response('<html>'), { code: 'InvalidResponse', status: 200 }],
  ])('tells %s apart', async (_, step, expected) => {
    await expect(setUp(step).client.events.list()).rejects.toMatchObject(expected);
  });

  it('says which address is missing', async () => {
    await expect(setUp(noNetwork).client.request('alerting', 'GET', '/rules')).rejects.toThrow(/alertingUrl/);
  });
});

describe('addresses', () => {
  it('go through the dashboard where a service has none of its own', async () => {
    const { fetch, sent } = scriptedFetch(
      () => 0,
      () => answer(200, {}),
    );
    const client = new StreamFlow({ dashboardUrl: 'http://dash.test/', fetch });
    await client.request('alerting', 'GET', '/rules');
    await client.auth.login('a@example.org', 'secret');
    await client.auth.refresh('sfr_one');
    await client.auth.logout('sfr_two');
    expect(sent.slice(2).map(({ request }) => request.body)).toEqual([
      '{"refresh_token":"sfr_one"}',
      '{"refresh_token":"sfr_two"}',
    ]);
    expect(sent.map(({ url }) => url)).toEqual([
      'http://dash.test/api/alerting/rules',
      'http://dash.test/auth/login',
      'http://dash.test/auth/refresh',
      'http://dash.test/auth/logout',
    ]);
  });
});
