import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { MetricsServerFrame, RealtimeMetrics } from '@streamflow/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { countUntil, post, signIn } from './api.ts';
import type { ServerProcess } from './server-process.ts';
import { freePorts, startServer, temporaryDirectory, wait } from './server-process.ts';

/* Live metrics of a real process, as a dashboard sees them: exact, in time, and the same after a crash. */

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let server: ServerProcess;
let token: string;
let sent = 0;
let errors = 0;

beforeAll(async () => {
  directory = await temporaryDirectory();
  server = await startServer({ dataDirectory: directory.path, ports: await freePorts() });
  token = await signIn(server);
}, 90_000);
afterAll(async () => {
  await server?.stop();
  await directory.remove();
}, 60_000);

async function realtime(window: string): Promise<RealtimeMetrics> {
  const answer = await fetch(server.url('dashboard', `/metrics/realtime?window=${window}`), {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(answer.status).toBe(200);
  return answer.json();
}

async function openSocket() {
  const socket = new WebSocket(server.url('dashboard', '/ws/metrics').replace('http', 'ws'));
  const frames: { readonly at: number; readonly frame: MetricsServerFrame }[] = [];
  socket.on('message', (data) => frames.push({ at: Date.now(), frame: JSON.parse(String(data)) }));
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'auth', token }));
  while (frames.length === 0) await wait(10);
  return { socket, frames };
}

/** Every tenth is an error, every second one tells a response time; users u0 to u24. */
const event = (n: number) => ({
  id: randomUUID(),
  type: n % 10 === 0 ? 'error' : 'api.response',
  source: n % 3 === 0 ? 'shop' : 'api',
  user_id: `u${n % 25}`,
  session_id: `s${n % 40}`,
  data: n % 2 === 0 ? { n, duration_ms: 100 + (n % 100) } : { n },
});

async function send(count: number): Promise<void> {
  const events = Array.from({ length: count }, (_, i) => event(sent + i));
  expect((await post(server, token, '/events/batch', { events })).status).toBe(201);
  sent += count;
  errors += events.filter(({ type }) => type === 'error').length;
}

describe('live metrics', () => {
  it('tell of events within two seconds of their acceptance, each once, and of what they are', async () => {
    const { socket, frames } = await openSocket();
    expect(frames[0]?.frame).toMatchObject({ type: 'snapshot', seq: 0, seconds: [] });
    const acceptedAt: number[] = [];
    for (let round = 0; round < 6; round += 1) {
      await send(100);
      acceptedAt.push(Date.now());
      await wait(330);
    }
    await wait(2500);
    socket.close();

    const told = frames.flatMap(({ at, frame }) => (frame.type === 'metrics' ? [{ at, frame }] : []));
    expect(told.map(({ frame }) => frame.seq)).toEqual(told.map((_, index) => index + 1));
    const total = (name: string): number =>
      told.reduce((sum, { frame }) => sum + (frame.metrics[name] ?? 0), 0);
    expect(total('events_total')).toBe(sent);
    expect(total('error_count')).toBe(errors);
    const parts = (part: 'type' | 'source' | 'severity', value: string): number =>
      told.reduce((sum, { frame }) => sum + (frame.by[part][value] ?? 0), 0);
    expect(parts('type', 'error')).toBe(errors);
    expect(parts('source', 'shop') + parts('source', 'api')).toBe(sent);
    expect(parts('severity', 'medium')).toBe(sent);
    // Whatever was accepted at a time is told by the frames that had come two seconds later.
    acceptedAt.forEach((accepted, round) => {
      const seen = told
        .filter(({ at }) => at <= accepted + 2000)
        .reduce((sum, { frame }) => sum + (frame.metrics.events_total ?? 0), 0);
      expect(seen).toBeGreaterThanOrEqual((round + 1) * 100);
    });
  }, 20_000);

  it('answer for a window, the documented four first', async () => {
    const { metrics, timestamp } = await realtime('1m');
    expect(Object.keys(metrics).slice(0, 4)).toEqual([
      'events_per_second',
      'active_users',
      'error_rate',
      'response_time_avg',
    ]);
    expect(metrics).toMatchObject({
      events_per_second: sent / 60,
      active_users: 25,
      active_sessions: 40,
      error_rate: errors / sent,
      events_total: sent,
      error_count: errors,
    });
    const durations = Array.from({ length: sent }, (_, n) => event(n).data.duration_ms ?? null).filter(
      (each) => each !== null,
    );
    const mean = durations.reduce((sum, each) => sum + each, 0) / durations.length / 1000;
    expect(metrics.response_time_avg).toBeCloseTo(mean, 9);
    const exact = durations.toSorted((a, b) => a - b)[Math.floor(0.95 * (durations.length - 1))] ?? 0;
    expect(Math.abs((metrics.response_time_p95 ?? 0) * 1000 - exact)).toBeLessThanOrEqual(exact * 0.01);
    expect(Math.abs(Date.now() - Date.parse(timestamp))).toBeLessThan(4000);
  });

  it('have the last hour again within seconds of a crash, counted once', async () => {
    // An event that the store alone tells of: late for the workers.
    const late = { ...event(1), timestamp: new Date(Date.now() - 20 * 60_000).toISOString() };
    expect((await post(server, token, '/events', late)).status).toBe(201);
    sent += 1;
    await send(200);
    await countUntil(server, token, sent);
    await server.kill9();
    server = await startServer({ dataDirectory: directory.path, ports: server.ports });
    const deadline = Date.now() + 10_000;
    let found = (await realtime('1h')).metrics;
    while (found.events_total !== sent && Date.now() < deadline) {
      await wait(100);
      found = (await realtime('1h')).metrics;
    }
    expect(found).toMatchObject({ events_total: sent, error_count: errors, active_users: 25 });
    // And it stays so, whatever the queue delivers again.
    await wait(4000);
    expect((await realtime('1h')).metrics.events_total).toBe(sent);
    const { socket, frames } = await openSocket();
    socket.close();
    const [first] = frames;
    if (first?.frame.type !== 'snapshot') throw new Error('The first frame is not a snapshot');
    expect(first.frame.seconds.reduce((sum, each) => sum + each.events_total, 0)).toBe(sent - 1);
  }, 60_000);
});
