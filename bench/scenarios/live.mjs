// Live metrics of a whole server: from the acceptance of an event to the frame that shows it, beside thousands of
// readers of which some do not read, and how soon the last hour is there again after a restart.

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { makeEvent, seeded } from '../harness/events.mjs';
import { figure } from '../harness/report.mjs';
import { startServer } from '../harness/server.mjs';
import { quantile, residentBytes } from '../harness/statistics.mjs';

const readers = 3000;
const notReading = 10;
const eventsInHour = 200_000;
const environment = { RATE_LIMIT_WEBSOCKETS_PER_IP: '10000' };
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export async function run({ seconds = 12 } = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'streamflow-bench-'));
  let server = await startServer({ directory, environment });
  try {
    await measureLatency(server, seconds);
    await measureReaders(server, seconds);
    await sendHour(server);
    await server.stop();
    server = await startServer({ directory, environment });
    await measureRefill(server);
  } finally {
    await server.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function open(server) {
  const socket = new WebSocket(
    `${server.url('dashboard').replace('http', 'ws')}/ws/metrics?token=${server.key}`,
  );
  await once(socket, 'open');
  return socket;
}

const post = async (server, path, body) => {
  const answer = await fetch(`${server.url('ingestion')}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${server.key}` },
    body: JSON.stringify(body),
  });
  if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
};

/** The n-th event accepted is shown by the frame in which the sum of all frames reaches n. */
async function measureLatency(server, seconds) {
  const random = seeded(3);
  const socket = await open(server);
  const shown = [];
  socket.on('message', (data) => {
    const frame = JSON.parse(String(data));
    for (let n = frame.type === 'metrics' ? frame.metrics.events_total : 0; n > 0; n -= 1)
      shown.push(Date.now());
  });
  const accepted = [];
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    await post(server, '/events', makeEvent(random));
    accepted.push(Date.now());
    await pause(20 * random());
  }
  await pause(3000);
  socket.close();
  if (shown.length !== accepted.length)
    throw new Error(`${accepted.length} events were accepted and ${shown.length} shown`);
  const waits = accepted.map((at, n) => shown[n] - at);
  const note = `${waits.length} events, each shown once`;
  figure('event accepted to its frame, p50', { value: quantile(waits, 0.5), unit: 'ms', limit: 1200, note });
  figure('event accepted to its frame, p99', { value: quantile(waits, 0.99), unit: 'ms', limit: 2000, note });
}

async function measureReaders(server, seconds) {
  const sockets = [];
  const delays = [];
  let measuring = false;
  for (let n = 0; n < readers; n += 100)
    sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => open(server)))));
  for (const [n, socket] of sockets.entries()) {
    if (n < notReading) socket.pause();
    else
      socket.on('message', (data) => {
        if (!measuring) return;
        const [, time] = /"timestamp":"([^"]+)"/.exec(String(data)) ?? [];
        delays.push(Date.now() - Date.parse(time));
      });
  }
  const random = seeded(4);
  await pause(2000);
  const before = await residentBytes(server.pid);
  measuring = true;
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    await post(server, '/events/batch', { events: Array.from({ length: 100 }, () => makeEvent(random)) });
    await pause(100);
  }
  measuring = false;
  const growth = (await residentBytes(server.pid)) / before;
  for (const socket of sockets) socket.terminate();
  const note = `${readers} readers, ${notReading} of them not reading, ${seconds} s`;
  figure('end of a second to its frame, p99', {
    value: quantile(delays, 0.99),
    unit: 'ms',
    limit: 1000,
    note,
  });
  figure('resident memory, after over before', { value: growth, unit: 'x', limit: 1.1, note });
}

/** Events all over the last hour. */
async function sendHour(server) {
  const random = seeded(5);
  const now = Date.now();
  for (let n = 0; n < eventsInHour; n += 1000) {
    const events = Array.from({ length: 1000 }, (_, i) => ({
      ...makeEvent(random, { withId: true }),
      timestamp: new Date(now - 3_500_000 * ((n + i) / eventsInHour)).toISOString(),
    }));
    await post(server, '/events/batch', { events });
  }
  while ((await server.stored()) < eventsInHour) await pause(200);
}

async function measureRefill(server) {
  const begun = performance.now();
  const start = new Date(Date.now() - 3_600_000).toISOString();
  const { total } = await server.read('storage', `/events/aggregations?metric=count&start=${start}`);
  const events = async () =>
    (await server.read('dashboard', '/metrics/realtime?window=1h')).metrics.events_total;
  // What becomes older than an hour leaves the window meanwhile.
  while ((await events()) < total * 0.99) await pause(50);
  figure('ready to the last hour in live metrics', {
    value: (performance.now() - begun) / 1000,
    unit: 's',
    limit: 10,
    note: `${total} events`,
  });
}
