// 10 million stored events over 30 days, asked by HTTP: medians of each query alone, then four readers of a day's
// dashboards beside 10,000 events/s that come in. Every request is about another day, user or event, so that no cache
// has the answer. `--data DIR` keeps the events for the next run.
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRandom } from '../event-lines.mjs';
import { runLoad } from '../harness/load.mjs';
import { createReader } from '../harness/reader.mjs';
import { figure } from '../harness/report.mjs';
import { startServer } from '../harness/server.mjs';
import { median, quantile, residentBytes } from '../harness/statistics.mjs';
import { begin, day, days, end, loadEvents, openStore, users } from '../harness/stored-events.mjs';

const warmUp = 3;
const mib = (bytes) => bytes / 2 ** 20;
const random = createRandom(31);
const load = () => `load ${loadavg()[0].toFixed(1)}`;

const between = (start, until) =>
  `start=${new Date(start).toISOString()}&end=${new Date(until).toISOString()}`;
// Each day in turn, beginning anywhere; a range of all days ends a minute earlier each time.
let nextDay = Math.floor(random() * days);
const oneDay = () => {
  nextDay = (nextDay + 7) % days;
  return between(begin + nextDay * day, begin + (nextDay + 1) * day);
};
let cut = 0;
const allDays = () => between(begin, end - cut++ * 60_000);

const count = (reader, range) =>
  reader.get('storage', `/events/aggregations?metric=count&group_by=type&${range}`);
const hourly = (reader, range) => reader.get('dashboard', `/metrics/historical?interval=1h&${range}`);
const pages = (reader, range) =>
  reader.get('storage', `/events/aggregations?metric=count&group_by=data.page&limit=10&${range}`);
const ofUser = (reader) =>
  reader.get('storage', `/events?user_id=user-${Math.floor(random() ** 2 * users)}&limit=100`);

export async function run({ data, events = 10_000_000, runs = 15, seconds = 30 } = {}) {
  const directory = data ?? (await mkdtemp(join(tmpdir(), 'streamflow-queries-')));
  const opened = await openStore(join(directory, 'events'));
  await loadEvents(opened, events).finally(opened.close);
  const server = await startServer({ directory });
  try {
    await alone(server, runs);
    await besideIngestion(server, seconds);
  } finally {
    await server.stop();
    if (data === undefined) await rm(directory, { recursive: true, force: true });
  }
}

async function alone(server, runs) {
  const reader = createReader(server);
  const sample = await reader.get('storage', `/events?limit=1000&${oneDay()}`);
  const byId = () =>
    reader.get('storage', `/events/${sample.data[Math.floor(random() * sample.data.length)].id}`);
  const cases = [
    ['count by type, a day', 30, () => count(reader, oneDay())],
    ['count by type, 30 days', 120, () => count(reader, allDays())],
    ['hourly totals, unique users and errors, a day', 50, () => hourly(reader, oneDay())],
    ['hourly totals, unique users and errors, 30 days', 400, () => hourly(reader, allDays())],
    ['top 10 of data.page, a day', 40, () => pages(reader, oneDay())],
    ['top 10 of data.page, 30 days', 300, () => pages(reader, allDays())],
    ['first page of 100 by user with its total', 100, () => ofUser(reader)],
    ['event by id', 30, byId],
  ];
  for (const [name, limit, ask] of cases) {
    const times = [];
    for (let turn = -warmUp; turn < runs; turn += 1) {
      const begun = performance.now();
      await ask();
      if (turn >= 0) times.push(performance.now() - begun);
    }
    const note = `fastest ${Math.min(...times).toFixed(1)}, ${load()}`;
    figure(`${name}, median`, { value: median(times), unit: 'ms', limit, note });
  }
  const resident = mib(await residentBytes(server.pid));
  figure('resident memory after the queries', { value: resident, unit: 'MiB', limit: 1000 });
  reader.close();
}

async function besideIngestion(server, seconds) {
  const times = [];
  let highest = 0;
  const timer = setInterval(async () => {
    highest = Math.max(highest, mib(await residentBytes(server.pid)));
  }, 1000);
  const rate = 100;
  const batch = 100;
  let loading = true;
  const background = runLoad({
    host: '127.0.0.1',
    port: server.ports.ingestion,
    path: '/events/batch',
    connections: 16,
    batch,
    rate,
    seconds,
    authorization: server.key,
  }).finally(() => {
    loading = false;
  });
  await new Promise((resolve) => setTimeout(resolve, 2000));
  const read = async (turn) => {
    const reader = createReader(server);
    const questions = [count, hourly, pages];
    for (let asked = turn; loading; asked += 1) {
      const begun = performance.now();
      await questions[asked % questions.length](reader, oneDay());
      times.push(performance.now() - begun);
    }
    reader.close();
  };
  await Promise.all([0, 1, 2, 3].map(read));
  const result = await background;
  clearInterval(timer);
  if (Object.keys(result.statuses).join() !== '201') throw new Error(JSON.stringify(result.statuses));
  const note = `${times.length} requests, p50 ${median(times).toFixed(0)} ms, ${Math.round(result.eventsPerSecond)} events/s stored beside, ${load()}`;
  figure('four readers of a day beside ingestion, p99', {
    value: quantile(times, 0.99),
    unit: 'ms',
    limit: 200,
    note,
  });
  // Reads that win because what comes in has to wait would be no figure.
  figure('events/s that were due and not taken beside the readers', {
    value: Math.max(0, rate * batch - result.eventsPerSecond),
    unit: 'events/s',
    limit: rate * batch * 0.02,
  });
  figure('resident memory beside ingestion, highest', { value: highest, unit: 'MiB', limit: 1000 });
}
