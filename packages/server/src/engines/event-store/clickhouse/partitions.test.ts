import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../domain/clock.ts';
import { silentLog } from '../../../domain/log.ts';
import { blockOf, makeEvent } from '../event-fixtures.contract.ts';
import type { EventStore } from '../port.ts';
import { openClickHouseEventStore } from './clickhouse-event-store.ts';
import { type EmbeddedClickHouse, openEmbeddedClickHouse } from './embedded.ts';
import { createStatements, type Statements } from './statements.ts';

const received = Date.UTC(2026, 4, 20, 12);
const project = 'partitions';

let directory: string;
let embedded: EmbeddedClickHouse;
let store: EventStore;
let statements: Statements;
beforeAll(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'streamflow-partitions-'));
  embedded = await openEmbeddedClickHouse({ directory, log: silentLog });
  const { connection } = embedded;
  store = await openClickHouseEventStore({ connection, clock: systemClock, log: silentLog });
  // An agent of its own: two clients on one close each other's connections as idle.
  const agent = new http.Agent({ keepAlive: true });
  agent.createConnection = () => net.createConnection(path.join(directory, 'clickhouse.sock'));
  statements = createStatements({
    connection: { ...connection, agent },
    database: 'streamflow',
    limits: { seconds: 30, memory: 500_000_000, threads: 1 },
  });
});
afterAll(async () => {
  await statements.close();
  await store.close();
  await embedded.close();
  await rm(directory, { recursive: true, force: true });
});

async function partitionsOf(of: string): Promise<Map<string, { first: number; last: number; rows: number }>> {
  const rows = await statements.rows(
    'SELECT _partition_value.1 AS partition, toUnixTimestamp64Milli(min(timestamp)) AS first, ' +
      'toUnixTimestamp64Milli(max(timestamp)) AS last, count() AS rows FROM events ' +
      'WHERE project = {of:String} GROUP BY partition ORDER BY partition',
    { of },
  );
  return new Map(
    rows.map((row) => [
      String(row.partition),
      { first: Number(row.first), last: Number(row.last), rows: Number(row.rows) },
    ]),
  );
}

describe('partitions', () => {
  it('are few for times from anywhere, and every event is found', async () => {
    const events = Array.from({ length: 4800 }, (_, month) =>
      makeEvent({
        project,
        received_at: new Date(received).toISOString(),
        timestamp: new Date(Date.UTC(1900, month, 1)).toISOString(),
      }),
    );
    const started = performance.now();
    expect(await store.append(blockOf(events))).toMatchObject({ stored: 4800, setAside: 0 });
    // A part a month took 11 ms each; a bound that tells the two apart on a busy machine too.
    expect(performance.now() - started).toBeLessThan(20_000);
    expect((await partitionsOf(project)).size).toBeLessThanOrEqual(36);
    for (const month of [0, 1499, 1500, 4799]) {
      const start = Date.UTC(1900, month, 1);
      const { events: found, total } = await store.list({
        filter: { project, start, end: start + 1 },
        order: 'asc',
        limit: 10,
      });
      expect([total, found[0]?.id]).toEqual([1, events[month]?.id]);
    }
  });

  it('are a month each for what came in within a year of its time, so that months can be dropped', async () => {
    const of = 'recent';
    const events = Array.from({ length: 12 }, (_, month) =>
      makeEvent({
        project: of,
        received_at: new Date(received).toISOString(),
        timestamp: new Date(Date.UTC(2025, 5 + month, 3)).toISOString(),
      }),
    );
    await store.append(blockOf(events));
    const partitions = await partitionsOf(of);
    expect([...partitions.keys()]).toEqual([
      ...['202506', '202507', '202508', '202509', '202510', '202511', '202512'],
      ...['202601', '202602', '202603', '202604', '202605'],
    ]);
    for (const { first, last } of partitions.values())
      expect(new Date(first).toISOString().slice(0, 7)).toBe(new Date(last).toISOString().slice(0, 7));
  });
});
