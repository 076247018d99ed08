/*
 * A store of 10 million events over 30 days to ask: loaded once through the port of the event store, in blocks as the
 * storage service makes them, and used again when the directory has it already.
 */
import { openClickHouseEventStore } from '../../packages/server/dist/engines/event-store/clickhouse/clickhouse-event-store.js';
import { openEmbeddedClickHouse } from '../../packages/server/dist/engines/event-store/clickhouse/embedded.js';
import { createRandom, drawBlock } from '../event-lines.mjs';
import { residentBytes } from './statistics.mjs';

export const day = 86_400_000;
export const days = 30;
export const begin = Date.UTC(2026, 3, 1);
export const end = begin + days * day;
export const users = 50_000;
export const project = 'default';

const blockLines = 20_000;
const log = { debug() {}, info() {}, warning: console.warn, error: console.error, critical: console.error };
log.child = () => log;

/** Opens the store in `directory`; `close` ends its engine, too. */
export async function openStore(directory) {
  const embedded = await openEmbeddedClickHouse({ directory, log });
  const store = await openClickHouseEventStore({ connection: embedded.connection, clock: Date, log });
  return {
    store,
    pid: embedded.pid,
    async close() {
      await store.close();
      await embedded.close();
    },
  };
}

/** Loads `wanted` events unless they are there; a directory with another number of them is refused. */
export async function loadEvents({ store, pid }, wanted = 10_000_000) {
  const filter = { project, start: begin, end };
  const present = (await store.list({ filter, order: 'asc', limit: 1 })).total;
  if (present === wanted) return;
  if (present > 0) throw new Error(`The directory has ${present} events of these days, not ${wanted}`);
  const random = createRandom(23);
  const started = performance.now();
  let peak = 0;
  for (let stored = 0; stored < wanted; stored += blockLines) {
    const count = Math.min(blockLines, wanted - stored);
    const at = (index) => begin + ((end - begin) * index) / wanted;
    const lines = drawBlock(random, count, at(stored), at(stored + count));
    await store.append({ lines, count, mayBeKnown: false });
    peak = Math.max(peak, await residentBytes(pid));
  }
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(
    `loaded ${wanted} events in ${seconds} s, the engine at most ${Math.round(peak / 2 ** 20)} MiB`,
  );
}
