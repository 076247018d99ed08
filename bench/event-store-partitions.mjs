/*
 * What partitions cost: blocks of 20,000 lines whose times are spread over one day, 30 days, two years, or a thousand
 * months, into copies of the events table that differ in nothing but PARTITION BY.
 *
 *   node bench/event-store-partitions.mjs [blocks=6] [spread, all unless given] [partitions, all unless given]
 *
 * The ways take turns, so that whatever else the machine does falls on all of them.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { eventLineLayout } from '@streamflow/contracts';
import { openClickHouseEventStore } from '../packages/server/dist/engines/event-store/clickhouse/clickhouse-event-store.js';
import { openEmbeddedClickHouse } from '../packages/server/dist/engines/event-store/clickhouse/embedded.js';
import { insertLines } from '../packages/server/dist/engines/event-store/clickhouse/insert-lines.js';
import { createStatements } from '../packages/server/dist/engines/event-store/clickhouse/statements.js';
import { createRandom, drawBlock } from './event-lines.mjs';

const blockLines = 20_000;
const blocks = Number(process.argv[2] ?? 6);
const log = { debug() {}, info() {}, warning: console.warn, error: console.error, critical: console.error };
log.child = () => log;

const now = Date.UTC(2026, 9, 15);
const day = 86_400_000;
const spreads = {
  'one day': [now - day, now],
  '30 days': [now - 30 * day, now],
  'two years': [now - 730 * day, now],
  'a thousand months': [now - 83 * 365.25 * day, now],
};
const month = (column) => `(toYear(${column}) * 12 + toMonth(${column}))`;
const age = `${month('received_at')} - ${month('timestamp')}`;
const recent = (months) =>
  `multiIf(${age} < ${months}, toYYYYMM(timestamp), ${age} < 240, toUInt32(toYear(timestamp)), 0)`;
const partitions = {
  'as it is': null,
  'a month': 'toYYYYMM(timestamp)',
  'months of a quarter, years of 20': recent(3),
  'months of a year, years of 20': recent(12),
  'months of two years, years of 20': recent(24),
  none: 'tuple()',
};

const root = mkdtempSync(path.join(os.tmpdir(), 'streamflow-bench-'));
const embedded = await openEmbeddedClickHouse({ directory: root, log });
const { connection } = embedded;
const store = await openClickHouseEventStore({ connection, clock: Date, log });
// Two clients on one agent close each other's connections as idle.
await store.close();
const limits = { seconds: 30, memory: 500_000_000, threads: 2 };
const statements = createStatements({ connection, database: 'streamflow', limits });
const [{ sql }] = await statements.rows(
  'SELECT create_table_query AS sql FROM system.tables WHERE database = currentDatabase() AND name = {name:String}',
  { name: 'events' },
);
const received = Buffer.from(new Date(now).toISOString());

/** Blocks of lines that were all received now, in the order of a file that is not in the order of time. */
function drawShuffled(random, [start, end]) {
  const block = drawBlock(random, blockLines, start, end);
  const lines = [];
  for (let at = 0; at < block.length; ) {
    received.copy(block, at + eventLineLayout.receivedAt.start);
    // Not UUIDv7: that has no times before 1970.
    block.write(randomUUID(), at + eventLineLayout.id.start, 'latin1');
    const next = block.indexOf(10, at) + 1;
    lines.push(block.subarray(at, next));
    at = next;
  }
  for (let i = lines.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [lines[i], lines[j]] = [lines[j], lines[i]];
  }
  return Buffer.concat(lines);
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
let table = 0;
for (const [spread, range] of Object.entries(spreads)) {
  if (process.argv[3] !== undefined && process.argv[3] !== spread) continue;
  const random = createRandom(17);
  const ways = [];
  for (const [name, partition] of Object.entries(partitions)) {
    if (process.argv[4] !== undefined && process.argv[4] !== name) continue;
    const into = `events_${table++}`;
    const create = sql.replace('.events ', `.${into} `);
    await statements.command(
      partition === null
        ? create
        : create.replace(/PARTITION BY .* ORDER BY/s, `PARTITION BY ${partition} ORDER BY`),
    );
    ways.push({ name, into, times: [] });
  }
  for (let round = 0; round <= blocks; round++) {
    const lines = drawShuffled(random, range);
    for (const { into, times } of ways) {
      const identity = createHash('sha1').update(lines).digest();
      const started = performance.now();
      await insertLines(statements, `INSERT INTO ${into} FORMAT JSONEachRow`, lines, identity);
      // The first round warms up.
      if (round > 0) times.push(performance.now() - started);
    }
  }
  for (const { name, into, times } of ways) {
    const [{ count }] = await statements.rows(
      'SELECT uniq(partition) AS count FROM system.parts WHERE active AND database = currentDatabase() AND table = {into:String}',
      { into },
    );
    const ms = median(times);
    console.log(
      `${spread.padEnd(18)} ${name.padEnd(34)} ${ms.toFixed(0).padStart(6)} ms a block ` +
        `${Math.round((blockLines / ms) * 1000)
          .toString()
          .padStart(8)} rows/s ${String(count).padStart(6)} partitions`,
    );
    await statements.command(`DROP TABLE ${into} SYNC`);
  }
}
await statements.close();
await embedded.close();
rmSync(root, { recursive: true, force: true });
console.log(`on ${os.cpus().length} × ${os.cpus()[0]?.model}, Node ${process.version}`);
