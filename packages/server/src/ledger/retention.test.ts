import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { LedgerReport, LineEvent } from '@streamflow/contracts';
import { afterEach, describe, expect, it, test } from 'vitest';
import { minuteMs, minuteOf } from '../domain/ledger/minute.ts';
import { silentLog } from '../domain/log.ts';
import { ledgerEntries } from '../domain/records/ledger.ts';
import { dayMs } from '../domain/retention/retention.ts';
import { createFakeTimers, type FakeTimers, start } from '../domain/timers.fixture.ts';
import { openClickHouseEventStore } from '../engines/event-store/clickhouse/clickhouse-event-store.ts';
import { openEmbeddedClickHouse } from '../engines/event-store/clickhouse/embedded.ts';
import { blockOf, makeEvent } from '../engines/event-store/event-fixtures.contract.ts';
import type { EventStore } from '../engines/event-store/port.ts';
import { createTestStores } from '../engines/event-store/postgres/postgres-event-store.fixture.ts';
import { canUseServer, serverName } from '../engines/postgres/test-database.fixture.ts';
import { createRetentionRuns } from '../services/storage/retention-runs.ts';
import { createTestBus } from '../services/storage/storage.fixture.ts';
import { createAcceptanceLedger } from './acceptance-ledger.ts';
import { auditLedger } from './audit-ledger.ts';
import { createRemovals } from './removals.ts';
import { openTestRecords } from './test-records.fixture.ts';

/*
 * Retention on the real engines, beside an account of what was accepted. A process dies by never being answered again:
 * before its removal, when that is entered, or after it, before its end is entered.
 */

type Death = 'before the removal' | 'after the removal';
type Opened = { readonly store: EventStore; close(): Promise<void> };

const hourMs = 3_600_000;
const project = 'default';
const never = (): Promise<void> => new Promise(() => {});

async function createWorld(open: (timers: FakeTimers) => Promise<Opened>) {
  const timers = createFakeTimers();
  const records = await openTestRecords(timers);
  const { store, close } = await open(timers);
  const ledger = createAcceptanceLedger({
    records: records.store,
    clock: timers,
    timers,
    newId: () => 'process',
    name: 'host:1',
    log: silentLog,
    alone: true,
  });
  await ledger.start();
  const stopping: (() => Promise<void>)[] = [];
  let removed = 0;
  const audit = (): Promise<LedgerReport> =>
    auditLedger(
      {
        project,
        range: { from: start, to: timers.now() },
        all: true,
        signal: new AbortController().signal,
      },
      {
        bus: createTestBus(),
        events: store,
        records: records.store,
        clock: timers,
        held: () => ({ deliveries: 0, oldest: null }),
        pause: (milliseconds) => timers.advance(milliseconds),
      },
    );
  return {
    timers,
    store,
    audit,
    removed: () => removed,
    openRemoval: () => createRemovals(records.store, timers).open(),
    /** Accepts and stores events of a type that are so many days old. */
    async take(count: number, days: number, type = 'web.click'): Promise<readonly LineEvent[]> {
      const events = Array.from({ length: count }, () =>
        makeEvent({
          project,
          type,
          user_id: 'somebody',
          timestamp: new Date(timers.now() - days * dayMs).toISOString(),
          received_at: new Date(timers.now()).toISOString(),
        }),
      );
      await store.append(blockOf(events));
      ledger.counts.of(project, minuteOf(timers.now())).accepted += count;
      await timers.advance(minuteMs + 1);
      return events;
    },
    /** A process with retention, which may die in its first run. */
    startProcess(death: Death | null = null) {
      const runs = createRetentionRuns({
        auditDays: null,
        events: {
          remove: (retention, books, options) =>
            store.remove(
              retention,
              {
                ...books,
                async begin(removal) {
                  await books.begin(removal);
                  if (death === 'before the removal') await never();
                },
                end: (name) => (death === 'after the removal' ? never() : books.end(name)),
              },
              options,
            ),
          settle: (name) => store.settle(name),
        },
        records: records.store,
        days: { general: 30, byType: { 'kept.*': null, short: 3 } },
        settleAfterMs: 0,
        clock: timers,
        timers,
        log: silentLog,
        mayRun: () => true,
        onRemoved: (count) => {
          removed += count;
        },
      });
      runs.start();
      if (death === null) stopping.push(() => runs.stop());
    },
    async entries() {
      const { records: all } = await records.store.list(ledgerEntries, { project, limit: 1000 });
      return all.map(({ entry, lines, reason }) => ({ entry, lines, reason }));
    },
    async close() {
      for (const stop of stopping) await stop();
      await ledger.stop();
      await close();
      await records.close();
    },
  };
}

async function openEmbedded(timers: FakeTimers): Promise<Opened> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'streamflow-retention-'));
  const embedded = await openEmbeddedClickHouse({ directory, log: silentLog });
  const { connection } = embedded;
  const store = await openClickHouseEventStore({ connection, clock: timers, log: silentLog });
  return {
    store,
    async close() {
      await store.close();
      await embedded.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function openPostgres(timers: FakeTimers): Promise<Opened> {
  const stores = await createTestStores();
  return { store: await stores.open({ clock: timers }), close: () => stores.close() };
}

let world: Awaited<ReturnType<typeof createWorld>> | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
}, 60_000);

const slowly = { timeout: 20_000, interval: 20 };

function describeRetentionIn(name: string, open: (timers: FakeTimers) => Promise<Opened>): void {
  describe(`retention beside the ledger, ${name}`, () => {
    it('removes hourly what is too old, by type too, and all of it stays accounted for', async () => {
      world = await createWorld(open);
      const { take, audit, timers, store, removed } = world;
      await take(5, 40);
      await take(3, 40, 'kept.one');
      await take(4, 5, 'short');
      await take(2, 5);
      world.startProcess();
      await expect.poll(removed, slowly).toBe(9);
      const { total } = await store.list({ filter: { project }, order: 'asc', limit: 10 });
      expect(total).toBe(5);
      expect(await audit()).toMatchObject({
        verdict: 'holds',
        totals: { accepted: 14, stored: 5, dropped: 9, difference: 0 },
        minutes: [5, 0, 4, 0].map((dropped) => ({ status: 'holds', dropped })),
      });
      await take(6, 40);
      await timers.advance(hourMs / 2);
      expect(removed()).toBe(9);
      await timers.advance(hourMs / 2);
      await expect.poll(removed, slowly).toBe(15);
      expect(await audit()).toMatchObject({ verdict: 'holds', totals: { accepted: 20, dropped: 15 } });
      expect((await world.entries()).every(({ reason }) => reason === 'retention')).toBe(true);
    });

    it.each<Death>(['before the removal', 'after the removal'])(
      'enters each removal once when the process dies %s',
      async (death) => {
        world = await createWorld(open);
        const { take, audit, timers, openRemoval, removed } = world;
        await take(5, 40);
        await take(3, 1);
        world.startProcess(death);
        await expect.poll(async () => (await openRemoval())?.name, slowly).toBeDefined();
        if (death === 'after the removal')
          await expect.poll(async () => (await audit()).totals.stored, slowly).toBe(3);
        else await expect.poll(async () => (await audit()).totals.dropped, slowly).toBe(5);
        expect((await audit()).verdict).toBe('unsettled');

        // What comes between the death and the next start is of the same day.
        await take(2, 40);
        world.startProcess();
        await expect.poll(openRemoval, slowly).toBeNull();
        const settled = await audit();
        expect(settled).toMatchObject({
          verdict: 'holds',
          totals: { accepted: 10, dropped: death === 'after the removal' ? 5 : 0, difference: 0 },
        });
        await timers.advance(hourMs);
        await expect.poll(removed, slowly).toBe(death === 'after the removal' ? 2 : 7);
        expect(await audit()).toMatchObject({
          verdict: 'holds',
          totals: { accepted: 10, stored: 3, dropped: 7, difference: 0 },
        });
        const lines = (await world.entries()).reduce((sum, entry) => sum + entry.lines, 0);
        expect(lines).toBe(7);
      },
    );
  });
}

describeRetentionIn('with the embedded ClickHouse', openEmbedded);
if (await canUseServer()) describeRetentionIn('with PostgreSQL', openPostgres);
else
  describe('retention beside the ledger, with PostgreSQL', () => {
    test.skip(`needs a PostgreSQL server at ${serverName}`, () => {});
  });
