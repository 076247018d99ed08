import { mkdtemp, rm } from 'node:fs/promises';
import { Agent } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { type ClickHouseClient, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import type { LedgerReport } from '@streamflow/contracts';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { minuteMs } from '../domain/ledger/minute.ts';
import { silentLog } from '../domain/log.ts';
import { openSegmentLogBus } from '../engines/bus/segment-log/open-segment-log-bus.ts';
import { openClickHouseEventStore } from '../engines/event-store/clickhouse/clickhouse-event-store.ts';
import { openEmbeddedClickHouse } from '../engines/event-store/clickhouse/embedded.ts';
import { createFakeTimers, start, startIngestion } from '../services/ingestion/ingestion.fixture.ts';
import { createTestMetrics } from '../services/storage/storage.fixture.ts';
import { createStorage } from '../services/storage/storage.ts';
import { createAcceptanceLedger } from './acceptance-ledger.ts';
import { auditLedger } from './audit-ledger.ts';
import { openTestRecords } from './test-records.fixture.ts';

/*
 * Ingestion and storage on the real engines, with a clock that the test drives, and an account of it that is held against
 * what the test itself did. What goes wrong is done behind the back of the product, by SQL.
 */

type World = Awaited<ReturnType<typeof createWorld>>;

async function createWorld() {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'streamflow-verify-'));
  const timers = createFakeTimers();
  const records = await openTestRecords(timers);
  const embedded = await openEmbeddedClickHouse({
    directory: path.join(directory, 'events'),
    log: silentLog,
  });
  const { connection } = embedded;
  const events = await openClickHouseEventStore({ connection, clock: timers, log: silentLog });
  const bus = await openSegmentLogBus({
    directory: path.join(directory, 'bus'),
    maxBytes: 64 * 1024 * 1024,
    backlogBytes: 64 * 1024 * 1024,
    publishTimeoutMs: 10_000,
    clock: { now: Date.now },
    log: silentLog,
  });
  const storage = createStorage({
    bus,
    events,
    records: records.store,
    clock: timers,
    random: () => 0.5,
    log: silentLog,
    metrics: createTestMetrics(),
  });
  await storage.start();
  const sql: ClickHouseClient = createClient({
    url: connection.url,
    database: 'streamflow',
    log: { level: ClickHouseLogLevel.OFF },
    // Not the agent of the store: a client ends sockets that were idle for it, whoever uses them by then.
    http_agent: Object.assign(new Agent(), { createConnection: connection.agent?.createConnection }),
  });
  let processes = 0;
  /** Ingestion as a process of its own. */
  const startProcess = async () => {
    processes += 1;
    let isDead = false;
    const ledger = createAcceptanceLedger({
      records: records.store,
      clock: timers,
      timers: { after: (milliseconds, run) => timers.after(milliseconds, () => isDead || run()) },
      newId: () => `process-${processes}`,
      name: `host:${processes}`,
      log: silentLog,
      alone: true,
    });
    await ledger.start();
    const ingestion = await startIngestion({
      bus,
      ledger: { ...ledger, stop: async () => (isDead ? undefined : ledger.stop()) },
      clock: timers,
      timers,
    });
    return {
      async post(events: readonly { id?: string; n?: number }[]) {
        const answer = await ingestion.post('/events/batch', {
          events: events.map(({ id, n = 0 }) => ({
            ...(id === undefined ? {} : { id }),
            type: 'web.click',
            source: 'test',
            data: { n },
          })),
        });
        expect(answer.status).toBe(201);
      },
      close: () => ingestion.close(),
      /** Its ledger writes nothing any more, as after kill -9. */
      kill() {
        isDead = true;
        return ingestion.close();
      },
    };
  };
  const stored = async () => {
    await vi.waitFor(async () => expect((await bus.depth('events.storage')).batches).toBe(0), {
      timeout: 20_000,
    });
  };
  return {
    timers,
    records: records.store,
    recordsFile: records.file,
    startProcess,
    stored,
    rowsOf: async (): Promise<string[]> =>
      (
        await (
          await sql.query({ query: 'SELECT toString(id) AS id FROM events', format: 'JSONEachRow' })
        ).json<{ id: string }>()
      ).map(({ id }) => id),
    command: async (query: string) => {
      await sql.command({ query, clickhouse_settings: { mutations_sync: '2', insert_deduplicate: 0 } });
    },
    audit: (from = start, to = timers.now(), all = true): Promise<LedgerReport> =>
      auditLedger(
        { project: 'default', range: { from, to }, all, signal: new AbortController().signal },
        {
          bus,
          events,
          records: records.store,
          clock: timers,
          held: () => ({ deliveries: 0, oldest: null }),
          pause: (milliseconds) => timers.advance(milliseconds),
        },
      ),
    async close() {
      await storage.stop();
      await bus.close();
      await sql.close();
      await events.close();
      await embedded.close();
      await records.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

const idOf = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
const minuteAt = (n: number): string => new Date(start + n * minuteMs).toISOString();

describe('the ledger on real engines', () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld();
  }, 60_000);
  afterAll(() => world.close());

  const statuses = (report: LedgerReport) =>
    report.minutes.map(({ minute, status, difference }) => [minute, status, difference]);

  it('accounts for every event of several minutes, with what clients sent again', async () => {
    const first = await world.startProcess();
    await first.post([{ id: idOf(1) }, { id: idOf(2) }, { id: idOf(1), n: 1 }, {}]);
    await world.timers.advance(1);
    await first.post([{ id: idOf(2) }, {}]);
    await world.timers.advance(minuteMs);
    await first.post([{ id: idOf(1) }, { id: idOf(3) }, {}]);
    await first.post([{ id: idOf(3) }]);
    await world.timers.advance(2 * minuteMs);
    await first.post([{}, {}, {}]);
    await world.timers.advance(minuteMs);
    await world.stored();
    const report = await world.audit();
    expect(report).toMatchObject({ verdict: 'holds', queue: { batches: 0, drained: true } });
    const none = {
      unanswered: 0,
      dead: 0,
      set_aside: 0,
      dropped: 0,
      refused: 0,
      difference: 0,
      uncounted: 0,
    };
    expect(report.minutes).toEqual([
      { minute: minuteAt(0), status: 'holds', ...none, accepted: 6, stored: 4, duplicates: 2 },
      { minute: minuteAt(1), status: 'holds', ...none, accepted: 4, stored: 2, duplicates: 2 },
      { minute: minuteAt(3), status: 'holds', ...none, accepted: 3, stored: 3, duplicates: 0 },
    ]);
    expect(report.totals).toMatchObject({ accepted: 13, stored: 9, duplicates: 4 });
    await first.close();
    // A process that has stopped has counted everything, and one that took nothing leaves nothing behind.
    const idle = await world.startProcess();
    await idle.close();
    const closed = await world.audit();
    expect(closed.minutes).toEqual(report.minutes);
    expect(closed.processes).toEqual([]);
  });

  it('names the minute of a loss, and of what is stored twice', async () => {
    const [id = ''] = (await world.rowsOf()).filter((row) => row === idOf(3));
    await world.command(`INSERT INTO events SELECT * FROM events WHERE id = '${id}'`);
    const twice = await world.audit();
    expect(twice).toMatchObject({ verdict: 'broken', repeated_ids: { count: 1, examples: [id] } });
    expect(statuses(twice)).toEqual([
      [minuteAt(0), 'holds', 0],
      [minuteAt(1), 'surplus', 1],
      [minuteAt(3), 'holds', 0],
    ]);
    await world.command(`ALTER TABLE events DELETE WHERE id = '${id}'`);
    const lost = await world.audit();
    expect(lost).toMatchObject({ verdict: 'broken', repeated_ids: { count: 0, examples: [] } });
    expect(statuses(lost)).toEqual([
      [minuteAt(0), 'holds', 0],
      [minuteAt(1), 'loss', -1],
      [minuteAt(3), 'holds', 0],
    ]);
    const alone = await world.audit(start, world.timers.now(), false);
    expect(statuses(alone)).toEqual([[minuteAt(1), 'loss', -1]]);
  });

  it('notices a hand in its own books', async () => {
    const db = new Database(world.recordsFile);
    db.exec(`update ledger_accepted set accepted = accepted - 2 where minute = ${start + 3 * minuteMs}`);
    db.exec(`delete from ledger_entries where minute = ${start}`);
    db.close();
    expect(statuses(await world.audit())).toEqual([
      [minuteAt(0), 'loss', -1],
      [minuteAt(1), 'loss', -1],
      [minuteAt(3), 'surplus', 2],
    ]);
  });

  it('says what a killed process may have left uncounted, in its last minute alone', async () => {
    await world.timers.advance(minuteMs - (world.timers.now() % minuteMs));
    const from = world.timers.now();
    const minute = (n: number): string => new Date(from + n * minuteMs).toISOString();
    const killed = await world.startProcess();
    await killed.post([{}, {}]);
    await world.timers.advance(2500);
    await killed.post([{}, {}, {}]);
    await killed.kill();
    await world.timers.advance(500);
    const next = await world.startProcess();
    await world.timers.advance(minuteMs);
    await next.post([{}]);
    await world.timers.advance(minuteMs);
    await world.stored();
    const report = await world.audit(from, from + 2 * minuteMs);
    expect(report.minutes).toEqual([
      expect.objectContaining({ minute: minute(0), status: 'holds', accepted: 2, stored: 5, uncounted: 3 }),
      expect.objectContaining({ minute: minute(1), status: 'holds', accepted: 1, stored: 1, uncounted: 0 }),
    ]);
    const counted_to = new Date(from + 2000).toISOString();
    expect(report.processes).toEqual([
      expect.objectContaining({ name: 'host:4', state: 'running' }),
      expect.objectContaining({
        name: 'host:3',
        state: 'crashed',
        counted_to,
        written_at: counted_to,
      }),
    ]);
    expect(report.verdict).toBe('holds');
    await next.close();
  });
});
