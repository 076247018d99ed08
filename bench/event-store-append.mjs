/*
 * How fast the event store takes blocks, beside its ceiling in the same run: the same lines straight into chDB, in a
 * process of its own, by one writer, into the same table.
 *
 *   node bench/event-store-append.mjs [blocks=40]
 *
 * Three ways through the port: ids made by us (no look-up), UUIDv7 ids of clients, random ids of clients. Blocks of
 * 20,000 lines; the ways take turns, so that whatever else the machine does falls on all of them.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { eventLineLayout } from '@streamflow/contracts';
import { openClickHouseEventStore } from '../packages/server/dist/engines/event-store/clickhouse/clickhouse-event-store.js';
import { openEmbeddedClickHouse } from '../packages/server/dist/engines/event-store/clickhouse/embedded.js';
import { createRandom, drawBlock } from './event-lines.mjs';
import { startRawWriter } from './raw-chdb-writer.mjs';

const blockLines = 20_000;
const blocks = Number(process.argv[2] ?? 40);
const log = { debug() {}, info() {}, warning: console.warn, error: console.error, critical: console.error };
log.child = () => log;

const root = mkdtempSync(path.join(os.tmpdir(), 'streamflow-bench-'));
const random = createRandom(11);
const hour = 3_600_000;
const begin = Date.UTC(2026, 9, 1);

/** A block of a tenth of a second of events, as it comes from a busy system. */
function nextBlock(number, randomIds) {
  const start = begin + (number * hour) / 100;
  const block = drawBlock(random, blockLines, start, start + 200);
  if (!randomIds) return block;
  for (let at = 0; at < block.length; at = block.indexOf(10, at) + 1) {
    block.write(randomUUID(), at + eventLineLayout.id.start, 'latin1');
  }
  return block;
}

const residentMegabytes = (pid) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

const embedded = await openEmbeddedClickHouse({ directory: path.join(root, 'port'), log });
const store = await openClickHouseEventStore({ connection: embedded.connection, clock: Date, log });
const raw = await startRawWriter(path.join(root, 'raw'));
const ways = {
  'straight into chDB': (block) => raw.insert(block),
  'port, new ids': (lines) => store.append({ lines, count: blockLines, mayBeKnown: false }),
  'port, UUIDv7 looked up': (lines) => store.append({ lines, count: blockLines, mayBeKnown: true }),
  'port, random ids looked up': (lines) => store.append({ lines, count: blockLines, mayBeKnown: true }),
};
const times = Object.fromEntries(Object.keys(ways).map((way) => [way, []]));
let peak = 0;
let number = 0;
for (let round = 0; round < blocks; round++) {
  for (const [way, insert] of Object.entries(ways)) {
    const block = nextBlock(number++, way.includes('random'));
    const started = performance.now();
    const measured = await insert(block);
    // The first round warms up.
    if (round > 0) times[way].push(typeof measured === 'number' ? measured : performance.now() - started);
    peak = Math.max(peak, residentMegabytes(embedded.pid));
  }
}
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const ceiling = median(times['straight into chDB']);
for (const [way, values] of Object.entries(times)) {
  const average = median(values);
  const rate = Math.round((blockLines / average) * 1000);
  console.log(
    `${way.padEnd(28)} ${String(rate).padStart(8)} rows/s  ${(ceiling / average).toFixed(2)} of the ceiling  ${average.toFixed(0)} ms a block`,
  );
}
console.log(`peak resident memory of the child: ${peak.toFixed(0)} MB`);
await raw.stop();
await store.close();
await embedded.close();
rmSync(root, { recursive: true, force: true });
console.log(`on ${os.cpus().length} × ${os.cpus()[0]?.model}, Node ${process.version}`);
