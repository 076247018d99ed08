/*
 * What records cost in SQLite and in PostgreSQL, beside what the same server takes for a bare durable insert by the same
 * pool. One after the other, as a person's requests come, and 16 at a time on records of their own and on the same one.
 *
 *   node bench/record-store.mjs [operations=300]      DATABASE_URL names the server; a schema of its own is made and dropped
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { settings } from '../packages/server/dist/domain/records/settings.js';
import { openPostgres } from '../packages/server/dist/engines/postgres/open-postgres.js';
import { openPostgresRecordStore } from '../packages/server/dist/engines/record-store/postgres/postgres-record-store.js';
import { openSqliteRecordStore } from '../packages/server/dist/engines/record-store/sqlite/sqlite-record-store.js';

const operations = Number(process.argv[2] ?? 300);
const log = { debug() {}, info() {}, warning: console.warn, error: console.error, critical: console.error };
log.child = () => log;
const project = 'default';

const root = mkdtempSync(path.join(os.tmpdir(), 'streamflow-bench-'));
const schema = `streamflow_bench_${randomUUID().replaceAll('-', '')}`;
const url = new URL(process.env.DATABASE_URL ?? 'postgresql://root@127.0.0.1:5432/postgres');
url.searchParams.set('options', `-c search_path=${schema}`);
const postgres = openPostgres({
  url: url.href,
  poolSize: 16,
  maxOverflow: 4,
  applicationName: 'streamflow bench',
  echo: false,
  log,
});
await postgres.query(`create schema ${schema}`);
await postgres.query('create table bare (id text primary key, value text)');
const stores = {
  SQLite: await openSqliteRecordStore({ file: path.join(root, 'records.sqlite'), log, clock: Date }),
  PostgreSQL: await openPostgresRecordStore({ postgres, log, clock: Date, random: Math.random }),
};

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))];
async function measure(name, concurrency, work) {
  const times = [];
  let left = operations;
  const begun = performance.now();
  await Promise.all(
    Array.from({ length: concurrency }, async (_, worker) => {
      while (left > 0) {
        const number = left--;
        const asked = performance.now();
        await work(number, worker);
        times.push(performance.now() - asked);
      }
    }),
  );
  const rate = Math.round(operations / ((performance.now() - begun) / 1000));
  times.sort((a, b) => a - b);
  const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)].map((ms) => ms.toFixed(2));
  console.log(
    `${name.padEnd(46)} ${String(concurrency).padStart(2)} at a time: ${rate}/s, p50 ${p50} ms, p99 ${p99} ms`,
  );
}

try {
  for (const concurrency of [1, 16]) {
    await measure('PostgreSQL, a bare insert', concurrency, () =>
      postgres.query('insert into bare values ($1, $2)', [randomUUID(), '1']),
    );
    for (const [name, store] of Object.entries(stores)) {
      await measure(`${name}, insert`, concurrency, () =>
        store.insert(settings, { project, id: randomUUID(), value: 1 }),
      );
      for (let worker = 0; worker < concurrency; worker++)
        await store.insert(settings, { project, id: `own ${concurrency} ${worker}`, value: 1 });
      await measure(`${name}, get`, concurrency, (_, worker) =>
        store.get(settings, { project, id: `own ${concurrency} ${worker}` }),
      );
      await measure(`${name}, update, each a record of its own`, concurrency, (number, worker) =>
        store.update(settings, { project, id: `own ${concurrency} ${worker}` }, { value: number }),
      );
      if (concurrency > 1)
        await measure(`${name}, update, all the same record`, concurrency, (number) =>
          store.update(settings, { project, id: `own ${concurrency} 0` }, { value: number }),
        );
    }
  }
} finally {
  await stores.SQLite.close();
  await stores.PostgreSQL.close();
  await postgres.query(`drop schema ${schema} cascade`);
  await postgres.close();
  rmSync(root, { recursive: true });
}
