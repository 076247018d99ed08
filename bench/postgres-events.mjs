/*
 * How fast the event store on PostgreSQL takes blocks and answers.
 *
 *   DATABASE_URL=postgresql://… node bench/postgres-events.mjs [events=2000000] [blocks=20]
 *
 * First the rate of blocks of 20,000 lines through the port, beside its ceiling in the same run: the same lines by the
 * plain idempotent insert of one JSON array into a partitioned table with a primary key and an index by user, and no
 * ids, roll-ups or texts. The ways take turns, so that whatever else the machine does falls on all of them. Then the
 * events are filled up, evenly over 30 days, and queries are timed: medians of several runs, each about another day.
 *
 * Everything is in a database of its own, which is dropped at the end.
 */
import { randomUUID } from 'node:crypto';
import os from 'node:os';
import { eventLineLayout } from '@streamflow/contracts';
import pg from 'pg';
import { openPostgresEventStore } from '../packages/server/dist/engines/event-store/postgres/postgres-event-store.js';
import { openPostgres } from '../packages/server/dist/engines/postgres/open-postgres.js';
import { createRandom, drawBlock } from './event-lines.mjs';
import { createPlainTable } from './harness/plain-postgres.mjs';

const [events = '2000000', rounds = '20'] = process.argv.slice(2);
const serverUrl = process.env.DATABASE_URL ?? 'postgresql://127.0.0.1:5432/postgres';
const blockLines = 20_000;
const hour = 3_600_000;
const day = 24 * hour;
const project = 'default';
const log = { debug() {}, info() {}, warning: console.warn, error: console.error, critical: console.error };
log.child = () => log;
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
let pass = true;

const database = `streamflow_bench_${randomUUID().replaceAll('-', '')}`;
const server = new pg.Client(serverUrl);
await server.connect();
await server.query(`create database ${database}`);
const url = new URL(serverUrl);
url.pathname = `/${database}`;
const raw = new pg.Client(url.href);
await raw.connect();
const postgres = openPostgres({
  url: url.href,
  poolSize: 4,
  maxOverflow: 0,
  applicationName: 'bench',
  echo: false,
  log,
});
const store = await openPostgresEventStore({ postgres, clock: Date, log });
try {
  await measureAppends();
  await fill();
  await measureQueries();
} finally {
  await store.close();
  await postgres.close();
  await raw.end();
  await server.query(`drop database ${database} with (force)`);
  await server.end();
}
console.log(
  `on ${os.cpus().length} × ${os.cpus()[0]?.model}, Node ${process.version}, load ${os.loadavg()[0]?.toFixed(1)}`,
);
process.exit(pass ? 0 : 1);

async function measureAppends() {
  const plain = await createPlainTable(raw);
  const append = (lines) => store.append({ lines, count: blockLines, mayBeKnown: true });
  const ways = {
    'plain insert': plain.insert,
    'port, UUIDv7': append,
    'port, random ids': append,
  };
  const times = Object.fromEntries(Object.keys(ways).map((way) => [way, []]));
  const random = createRandom(11);
  let number = 0;
  for (let round = 0; round <= Number(rounds); round++) {
    for (const [way, insert] of Object.entries(ways)) {
      // A tenth of a second of events, as it comes from a busy system.
      const start = Date.UTC(2026, 1, 1) + number++ * 20_000;
      const block = drawBlock(random, blockLines, start, start + 200);
      if (way.includes('random')) {
        for (let at = 0; at < block.length; at = block.indexOf(10, at) + 1)
          block.write(randomUUID(), at + eventLineLayout.id.start, 'latin1');
      }
      const started = performance.now();
      await insert(block);
      // The first round warms up.
      if (round > 0) times[way].push(performance.now() - started);
    }
  }
  const ceiling = median(times['plain insert']);
  for (const [way, values] of Object.entries(times)) {
    const share = ceiling / median(values);
    const rate = Math.round((blockLines / median(values)) * 1000);
    const verdict = way === 'port, UUIDv7' ? judge(share >= 0.5, 'target 0.50') : '';
    console.log(
      `${way.padEnd(46)} ${String(rate).padStart(7)} rows/s  ${share.toFixed(2)} of the plain insert  ${verdict}`,
    );
  }
  await plain.drop();
}

async function fill() {
  const begin = Date.UTC(2026, 3, 1);
  const wanted = Number(events);
  const random = createRandom(23);
  const started = performance.now();
  for (let stored = 0; stored < wanted; stored += blockLines) {
    const at = (count) => begin + (30 * day * count) / wanted;
    const lines = drawBlock(random, blockLines, at(stored), at(stored + blockLines));
    await store.append({ lines, count: blockLines, mayBeKnown: true });
  }
  const seconds = (performance.now() - started) / 1000;
  console.log(
    `stored ${wanted} events of 30 days in ${seconds.toFixed(0)} s, ${Math.round(wanted / seconds)} rows/s`,
  );
  await store.maintain();
  // As the autovacuum does by itself a while later.
  await raw.query('vacuum analyze');
}

async function measureQueries() {
  const begin = Date.UTC(2026, 3, 1);
  const random = createRandom(5);
  const oneDay = () => {
    const start = begin + Math.floor(random() * 30) * day;
    return { project, start, end: start + day };
  };
  /** A day that begins and ends at no boundary of anything. */
  const anyDay = () => {
    const start = begin + Math.floor(random() * 29 * day);
    return { project, start, end: start + day };
  };
  const allDays = () => ({ project, start: begin, end: begin + 30 * day });
  const byType = { kind: 'field', field: 'type' };
  const byProperty = (name) => ({ kind: 'property', path: [name] });
  const count = (filter, ...groupBy) => store.aggregate({ filter, metric: 'count', groupBy, limit: 10 });
  const hourly = (filter) => store.history({ filter, interval: hour });
  const ofUser = () => {
    const userIds = [`user-${Math.floor(random() ** 2 * 50_000)}`];
    return store.list({ filter: { project, userIds }, order: 'desc', limit: 100 });
  };
  const sample = (await store.list({ filter: oneDay(), order: 'asc', limit: 100 })).events;
  const cases = [
    ['history of a day by hour', 100, () => hourly(oneDay())],
    ['history of any 24 hours by hour', 100, () => hourly(anyDay())],
    ['count by type, a day', 100, () => count(oneDay(), byType)],
    ['count by type, any 24 hours', 100, () => count(anyDay(), byType)],
    ['count by type, 30 days', null, () => count(allDays(), byType)],
    ['history of 30 days by hour', null, () => hourly(allDays())],
    ['history of 30 days by day', null, () => store.history({ filter: allDays(), interval: day })],
    ['top 10 of data.page, a day', null, () => count(oneDay(), byProperty('page'))],
    [
      'p95 of data.response_time by type, a day',
      null,
      () =>
        store.aggregate({
          filter: oneDay(),
          metric: 'p95',
          field: ['response_time'],
          groupBy: [byType],
          limit: 10,
        }),
    ],
    [
      'newest 100 of a day with their total',
      null,
      () => store.list({ filter: oneDay(), order: 'desc', limit: 100 }),
    ],
    ['first page of 100 by user with its total', null, ofUser],
    ['event by id', null, (run) => store.get(project, sample[run].id)],
  ];
  for (const [name, target, ask] of cases) {
    const times = [];
    for (let run = 0; run < 9; run++) {
      const started = performance.now();
      await ask(run);
      times.push(performance.now() - started);
    }
    const verdict = target === null ? '' : judge(median(times) <= target, `target ${target} ms`);
    console.log(`${name.padEnd(46)} ${median(times).toFixed(1).padStart(7)} ms  ${verdict}`);
  }
}

function judge(reached, target) {
  pass = pass && reached;
  return `${target}, ${reached ? 'reached' : 'MISSED'}`;
}
