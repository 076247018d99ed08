/*
 * How fast the event store answers at 10 million events over 30 days, by the port.
 *
 *   node bench/event-store-queries.mjs <directory> [events=10000000]
 *
 * Loads the events into the directory once, through the port, and uses what is there the next time. Figures are
 * medians of several runs beside their targets; HTTP adds about two milliseconds. Every run asks about another day,
 * user or event, so that no cache has the answer.
 */
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { openClickHouseEventStore } from '../packages/server/dist/engines/event-store/clickhouse/clickhouse-event-store.js';
import { openEmbeddedClickHouse } from '../packages/server/dist/engines/event-store/clickhouse/embedded.js';
import { createRandom, drawBlock } from './event-lines.mjs';

const [directory, events = '10000000'] = process.argv.slice(2);
if (directory === undefined) {
  console.error('usage: node bench/event-store-queries.mjs <directory> [events]');
  process.exit(2);
}
const log = { debug() {}, info() {}, warning: console.warn, error: console.error, critical: console.error };
log.child = () => log;

const day = 86_400_000;
const hour = 3_600_000;
const begin = Date.UTC(2026, 3, 1);
const end = begin + 30 * day;
const blockLines = 20_000;
const wanted = Number(events);
const random = createRandom(23);

const embedded = await openEmbeddedClickHouse({ directory, log });
const store = await openClickHouseEventStore({ connection: embedded.connection, clock: Date, log });
const residentMegabytes = (pid) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

const present = (await store.list({ filter: { project: 'default' }, order: 'asc', limit: 1 })).total;
if (present === 0) {
  const started = performance.now();
  let peak = 0;
  for (let stored = 0; stored < wanted; stored += blockLines) {
    const from = begin + ((end - begin) * stored) / wanted;
    const to = begin + ((end - begin) * (stored + blockLines)) / wanted;
    await store.append({
      lines: drawBlock(random, blockLines, from, to),
      count: blockLines,
      mayBeKnown: false,
    });
    peak = Math.max(peak, residentMegabytes(embedded.pid));
  }
  const seconds = (performance.now() - started) / 1000;
  console.log(`loaded ${wanted} events in ${seconds.toFixed(0)} s, peak ${peak.toFixed(0)} MB in the child`);
} else console.log(`${present} events are there`);

const project = 'default';
const oneDay = () => {
  const start = begin + Math.floor(random() * 30) * day;
  return { project, start, end: start + day };
};
const allDays = () => ({ project, start: begin, end });
const byType = { kind: 'field', field: 'type' };
const byPage = { kind: 'property', path: ['page'] };
const count = (filter) => store.aggregate({ filter, metric: 'count', groupBy: [byType], limit: 100 });
const hourly = (filter) => store.history({ filter, interval: hour });
const pages = (filter) => store.aggregate({ filter, metric: 'count', groupBy: [byPage], limit: 10 });
const quantile = (filter) =>
  store.aggregate({ filter, metric: 'p95', field: ['response_time'], groupBy: [byType], limit: 10 });
const unpromoted = (filter) =>
  store.aggregate({ filter, metric: 'count', groupBy: [{ kind: 'property', path: ['element'] }], limit: 10 });
const ofUser = () => {
  const userIds = [`user-${Math.floor(random() ** 2 * 50_000)}`];
  return store.list({ filter: { project, userIds }, order: 'desc', limit: 100 });
};
const sample = (await store.list({ filter: oneDay(), order: 'asc', limit: 100 })).events;

const cases = [
  ['count by type, a day', 30, () => count(oneDay())],
  ['count by type, 30 days', 120, () => count(allDays())],
  ['hourly totals, users, errors, a day', 50, () => hourly(oneDay())],
  ['hourly totals, users, errors, 30 days', 400, () => hourly(allDays())],
  ['top 10 of data.page, a day', 40, () => pages(oneDay())],
  ['top 10 of data.page, 30 days', 300, () => pages(allDays())],
  ['first page of 100 by user with its total', 100, ofUser],
  ['event by id', 30, (run) => store.get(project, sample[run].id)],
  ['p95 of data.response_time by type, a day', null, () => quantile(oneDay())],
  ['top 10 of a property without a column, a day', null, () => unpromoted(oneDay())],
  ['newest 100', null, () => store.list({ filter: oneDay(), order: 'desc', limit: 100 })],
];
for (const [name, target, ask] of cases) {
  const times = [];
  for (let run = 0; run < 11; run++) {
    const started = performance.now();
    await ask(run);
    times.push(performance.now() - started);
  }
  const median = times.toSorted((a, b) => a - b)[5];
  const verdict = target === null ? '' : `target ${target} ms, ${median <= target ? 'reached' : 'MISSED'}`;
  console.log(`${name.padEnd(46)} ${median.toFixed(1).padStart(7)} ms  ${verdict}`);
}
console.log(`resident memory: child ${residentMegabytes(embedded.pid).toFixed(0)} MB`);
console.log(
  `on ${os.cpus().length} × ${os.cpus()[0]?.model}, Node ${process.version}, load ${os.loadavg()[0]?.toFixed(1)}`,
);
await store.close();
await embedded.close();
