import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { type MetricsServerFrame, permissions, type RealtimeMetrics } from '@streamflow/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { StreamFlowError } from '../../domain/errors.ts';
import { silentLog } from '../../domain/log.ts';
import { createTestLive, type TestLive, testEvent } from '../../domain/metrics/live-metrics.fixture.ts';
import { createFakeTimers, type FakeTimers } from '../../domain/timers.fixture.ts';
import { createHttpServer, type HttpServer } from '../../http/server.ts';
import type { Principal } from '../../http/service.ts';
import { createMetrics } from '../../observability/metrics.ts';
import { createMetricsSocket, type MetricsSocket } from './metrics-socket.ts';
import { realtimeMetricsRoute } from './realtime-metrics.ts';

const noon = Date.UTC(2023, 11, 1, 12);
const second = 1000;

let time: FakeTimers;
let live: TestLive;
let metricsSocket: MetricsSocket;
let server: HttpServer;
let port: number;
let dropped: number;
const sockets: WebSocket[] = [];

const principal = (id: string, mayRead: boolean): Principal => ({
  kind: 'key',
  id,
  name: id,
  role: null,
  permissions: new Set(mayRead ? permissions : []),
  project: 'default',
});

beforeEach(async () => {
  time = createFakeTimers(noon);
  live = createTestLive(noon);
  dropped = 0;
  metricsSocket = createMetricsSocket({
    live,
    clock: time,
    timers: time,
    log: silentLog,
    onDropped: () => {
      dropped += 1;
    },
  });
  metricsSocket.start();
  server = await createHttpServer({
    service: {
      name: 'dashboard',
      routes: [realtimeMetricsRoute({ live })],
      sockets: [metricsSocket.mounted],
      checks: {},
      essentialChecks: [],
      figures: {},
      start: async () => {},
      stop: async () => {},
    },
    sharedRoutes: [],
    access: {
      allowAnonymous: false,
      authenticate(credential) {
        if (credential === 'reader') return principal('reader', true);
        if (credential === 'stranger') return principal('stranger', false);
        throw new StreamFlowError('AuthenticationRequired', 'Unknown');
      },
    },
    rateLimiter: {
      take: () => ({ allowed: true, limit: 1, remaining: 1, resetAt: 0 }),
      acquire: () => () => {},
      ping: async () => {},
      close: async () => {},
    },
    rateLimits: null,
    limits: { maxBodyBytes: 1_000_000, maxJsonDepth: 32 },
    metrics: createMetrics({ processMetrics: false }),
    log: silentLog,
    clock: time,
    corsOrigins: [],
    trustedProxies: [],
    version: '1.0.0',
  });
  ({ port } = await server.listen('127.0.0.1', 0));
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  metricsSocket.stop();
  await server.close();
});

async function open(query = '?token=reader') {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/metrics${query}`);
  sockets.push(socket);
  const frames: MetricsServerFrame[] = [];
  let wake = (): void => {};
  socket.on('message', (data) => {
    frames.push(JSON.parse(String(data)));
    wake();
  });
  const closed = once(socket, 'close').then(([code]): unknown => code);
  await once(socket, 'open');
  const next = async (): Promise<MetricsServerFrame> => {
    while (frames.length === 0) await new Promise<void>((resolve) => (wake = resolve));
    const frame = frames.shift();
    if (frame === undefined) throw new Error('No frame');
    return frame;
  };
  const send = (frame: unknown): void => socket.send(JSON.stringify(frame));
  return { socket, next, send, closed };
}

describe('WS /ws/metrics', () => {
  it('sends the last five minutes at once, and then a frame every second', async () => {
    live.add(
      testEvent({
        at: noon - 2500,
        type: 'error',
        source: 'shop',
        severity: 'high',
        data: { duration: 0.5 },
      }),
      testEvent({ at: noon - 2400 }),
      testEvent({ at: noon - 301_000 }),
    );
    const { next } = await open();
    expect(await next()).toMatchObject({
      type: 'snapshot',
      seq: 0,
      timestamp: '2023-12-01T12:00:00.000Z',
      metrics: { events_total: 0, active_users: 0 },
      seconds: [
        {
          timestamp: '2023-12-01T11:59:57.000Z',
          events_total: 2,
          error_count: 1,
          response_time_avg: 0.5,
          by: {
            type: { error: 1, 'web.click': 1 },
            source: { shop: 1, website: 1 },
            severity: { high: 1, medium: 1 },
          },
        },
      ],
    });
    live.add(testEvent({ at: noon + 100, user_id: 'a' }), testEvent({ at: noon + 200, user_id: 'b' }));
    live.tick(noon + second);
    expect(await next()).toMatchObject({
      type: 'metrics',
      seq: 1,
      timestamp: '2023-12-01T12:00:01.000Z',
      metrics: { events_per_second: 2, events_total: 2, active_users: 2, error_rate: 0 },
      by: { type: { 'web.click': 2 }, source: { website: 2 }, severity: { medium: 2 } },
    });
    live.tick(noon + 3 * second);
    expect(await next()).toMatchObject({
      type: 'metrics',
      seq: 2,
      metrics: { active_users: 2, events_total: 0 },
    });
    expect(await next()).toMatchObject({ type: 'metrics', seq: 3, timestamp: '2023-12-01T12:00:03.000Z' });
  });

  it('tells again of seconds that are not as they were told, each once and at most 30 a frame', async () => {
    live.add(testEvent({ at: noon - 1500 }));
    const { next } = await open();
    await next();
    live.add(testEvent({ at: noon - 1400, type: 'error' }));
    live.tick(noon + second, [noon - 2 * second]);
    expect(await next()).toMatchObject({
      seq: 1,
      revised: [
        {
          timestamp: '2023-12-01T11:59:58.000Z',
          events_total: 2,
          error_count: 1,
          by: { type: { 'web.click': 1, error: 1 } },
        },
      ],
    });
    live.tick(noon + 2 * second);
    expect(await next()).not.toHaveProperty('revised');
    // Nothing is left of a second, and nobody is told of what no snapshot has.
    const many = Array.from({ length: 400 }, (_, index) => noon - index * second);
    live.tick(noon + 3 * second, many);
    const revised: number[] = [];
    for (let end = 4; end <= 13; end += 1) {
      live.tick(noon + end * second);
      const frame = await next();
      if (frame.type !== 'metrics') throw new Error('Not a frame of metrics');
      const times = (frame.revised ?? []).map(({ timestamp }) => Date.parse(timestamp));
      expect(times.length).toBeLessThanOrEqual(30);
      expect(times).toEqual(times.toSorted());
      revised.push(...times);
    }
    expect(new Set(revised).size).toBe(revised.length);
    expect(revised.length).toBeGreaterThan(280);
    expect(Math.max(...revised)).toBe(noon);
  });

  it('sends the metrics that were subscribed to, and all again', async () => {
    live.add(testEvent({ at: noon, type: 'metric', data: { name: 'depth', value: 7 } }));
    const { next, send } = await open();
    await next();
    send({ type: 'subscribe', metrics: ['error_rate', 'depth', 'unknown'], ref: 'a' });
    expect(await next()).toEqual({
      type: 'subscribed',
      metrics: ['error_rate', 'depth', 'unknown'],
      ref: 'a',
    });
    live.tick(noon + second);
    const frame = await next();
    if (frame.type !== 'metrics') throw new Error('Not a frame of metrics');
    expect(frame.metrics).toEqual({ error_rate: 0, depth: 7, unknown: null });
    send({ type: 'subscribe', metrics: [] });
    await next();
    live.tick(noon + 2 * second);
    expect(await next()).toMatchObject({ metrics: { events_total: 0, depth: null } });
  });

  it('takes a token in the first frame, and only one that may read metrics', async () => {
    const { next, send } = await open('');
    send({ type: 'auth', token: 'reader' });
    expect(await next()).toMatchObject({ type: 'snapshot' });
    send({ type: 'ping', ref: 'p' });
    expect(await next()).toEqual({ type: 'pong', timestamp: '2023-12-01T12:00:00.000Z', ref: 'p' });
    for (const [frame, error] of [
      [{ type: 'auth', token: 'nobody' }, 'AuthenticationRequired'],
      [{ type: 'auth', token: 'stranger' }, 'PermissionDenied'],
      [{ type: 'ping' }, 'AuthenticationRequired'],
      [{ type: 'auth', token: 'x'.repeat(5000) }, 'AuthenticationRequired'],
    ]) {
      const refused = await open('');
      refused.send(frame);
      expect(await refused.next()).toMatchObject({ type: 'error', error });
      expect(await refused.closed).toBe(1008);
    }
    expect(metricsSocket.readers).toBe(1);
  });

  it('closes a socket that sends no token within five seconds', async () => {
    const { next, closed } = await open('');
    await time.advance(5000);
    expect(await next()).toMatchObject({ type: 'error', error: 'AuthenticationRequired' });
    expect(await closed).toBe(1008);
  });

  it.each([
    [{ type: 'subscribe' }],
    [{ type: 'subscribe', metrics: 'events_total' }],
    [{ type: 'subscribe', metrics: ['Not a name'] }],
    [{ type: 'event' }],
    [[]],
  ])('answers %j with an error and goes on', async (frame) => {
    const { next, send } = await open();
    await next();
    send(frame);
    expect(await next()).toMatchObject({ type: 'error', error: 'ValidationError' });
    live.tick(noon + second);
    expect(await next()).toMatchObject({ type: 'metrics', seq: 1 });
  });

  it('keeps nothing for a reader that does not read, and tells it what it missed', async () => {
    // Many names make large frames.
    for (let n = 0; n < 300; n += 1)
      live.add(
        testEvent({ at: noon, type: 'metric', data: { name: `metric_with_a_long_name.${n}`, value: n } }),
      );
    const slow = await open();
    const quick = await open();
    await Promise.all([slow.next(), quick.next()]);
    slow.socket.pause();
    const seconds = 1200;
    for (let n = 1; n <= seconds; n += 1) {
      live.tick(noon + n * second);
      expect(await quick.next()).toMatchObject({ type: 'metrics', seq: n });
    }
    expect(dropped).toBeGreaterThan(0);
    slow.socket.resume();
    let expected = 1;
    let gaps = 0;
    let last = seconds;
    while (expected <= last) {
      // What was dropped is told with the next frame.
      if (expected === seconds - dropped + 1) {
        await new Promise((resolve) => setTimeout(resolve, 50));
        last = seconds + 1;
        live.tick(noon + last * second);
      }
      const frame = await slow.next();
      if (frame.type === 'gap') {
        expect(frame).toEqual({ type: 'gap', from_seq: expected, to_seq: seconds });
        expected = frame.to_seq + 1;
        gaps += 1;
      } else {
        expect(frame).toMatchObject({ type: 'metrics', seq: expected });
        expected += 1;
      }
    }
    expect(gaps).toBe(1);
  }, 30_000);

  it('forgets readers that are gone without a word', async () => {
    await open();
    const raw = connectTcp(port, '127.0.0.1');
    raw.write(
      'GET /ws/metrics?token=reader HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    );
    await once(raw, 'data');
    expect(metricsSocket.readers).toBe(2);
    raw.destroy();
    while (metricsSocket.readers > 1) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(metricsSocket.readers).toBe(1);
  });
});

describe('GET /metrics/realtime', () => {
  const get = async (
    query = '',
  ): Promise<{ status: number; body: RealtimeMetrics & { details: unknown } }> => {
    const answer = await fetch(`http://127.0.0.1:${port}/metrics/realtime${query}`, {
      headers: { authorization: 'Bearer reader' },
    });
    return { status: answer.status, body: await answer.json() };
  };

  it('answers the documented figures first, of the last minute unless asked otherwise', async () => {
    live.add(
      testEvent({ at: noon - 30_000, type: 'error', user_id: 'a', data: { response_time: 0.25 } }),
      testEvent({ at: noon - 90_000, user_id: 'b' }),
      testEvent({ at: noon - 20_000, type: 'metric', data: { name: 'depth', value: 3 } }),
    );
    const { status, body } = await get();
    expect(status).toBe(200);
    expect(body).toMatchObject({
      metrics: {
        events_per_second: 2 / 60,
        active_users: 2,
        error_rate: 0.5,
        response_time_avg: 0.25,
        events_total: 2,
        depth: 3,
      },
      timestamp: '2023-12-01T12:00:00.000Z',
      window: '1m',
    });
    expect(Object.keys(body.metrics).slice(0, 4)).toEqual([
      'events_per_second',
      'active_users',
      'error_rate',
      'response_time_avg',
    ]);
    expect((await get('?window=2m')).body.metrics.events_total).toBe(3);
    expect((await get('?window=10s')).body.metrics).toMatchObject({ error_rate: 0, response_time_avg: null });
  });

  it.each(['25h', '0s', '1d', 'soon', '99999h'])('refuses the window %s', async (window) => {
    const { status, body } = await get(`?window=${window}`);
    expect(status).toBe(422);
    expect(body.details).toMatchObject({ field: 'window' });
  });
});
