import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unavailable } from '../../domain/errors.ts';
import { minuteOf } from '../../domain/ledger/minute.ts';
import { silentLog } from '../../domain/log.ts';
import { auditEntries } from '../../domain/records/audit.ts';
import { ledgerEntries } from '../../domain/records/ledger.ts';
import { dayMs, type Retention } from '../../domain/retention/retention.ts';
import { createFakeTimers, type FakeTimers } from '../../domain/timers.fixture.ts';
import type { EventStore } from '../../engines/event-store/port.ts';
import { enter } from '../../ledger/ledger-entries.ts';
import { createRemovals, readRemovedTotal } from '../../ledger/removals.ts';
import { openTestRecords, type TestRecords } from '../../ledger/test-records.fixture.ts';
import { createRetentionRuns, type RetentionRuns, type RetentionRunsOptions } from './retention-runs.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

let timers: FakeTimers;
let records: TestRecords;
let asked: Retention[];
let settled: string[];
let opened: RetentionRuns[];
beforeEach(async () => {
  timers = createFakeTimers();
  records = await openTestRecords(timers);
  asked = [];
  settled = [];
  opened = [];
});
afterEach(async () => {
  for (const runs of opened) await runs.stop();
  expect(timers.waiting()).toBe(0);
  await records.close();
});

const events: Pick<EventStore, 'remove' | 'settle'> = {
  async remove(retention) {
    asked.push(retention);
    return { events: 0, partitions: [] };
  },
  async settle(name) {
    settled.push(name);
    return true;
  },
};

function open(some: Partial<RetentionRunsOptions> = {}): void {
  const runs = createRetentionRuns({
    events,
    records: records.store,
    days: { general: 30, byType: { 'web.*': 7, error: null } },
    auditDays: null,
    settleAfterMs: 0,
    clock: timers,
    timers,
    log: silentLog,
    mayRun: () => true,
    onRemoved: () => {},
    ...some,
  });
  opened.push(runs);
  runs.start();
}

/** A minute, with all that the records are asked for in it. */
async function minutes(count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    await timers.advance(minuteMs);
    await records.store.transaction(async () => undefined);
    await timers.advance(0);
  }
}

const begin = (name: string) =>
  createRemovals(records.store, timers).begin({
    name,
    lines: [{ project: 'default', minute: timers.now(), count: 1 }],
  });

describe('the runs of retention', () => {
  it('come at the start and every hour, once however many replicas there are', async () => {
    const startedAt = timers.now();
    for (let replica = 0; replica < 3; replica++) open();
    await expect.poll(() => asked.length).toBe(1);
    await minutes(3);
    expect(asked).toEqual([
      { before: startedAt - 30 * dayMs, types: { 'web.*': startedAt - 7 * dayMs, error: null } },
    ]);
    await minutes(50);
    expect(asked).toHaveLength(1);
    await minutes(10);
    expect(asked).toHaveLength(2);
  });

  it('come to nothing where nothing is ever removed, and where it is not the turn of the process', async () => {
    open({ days: { general: null, byType: { error: null } } });
    let mayRun = false;
    open({ mayRun: () => mayRun });
    await minutes(3);
    expect(asked).toEqual([]);
    mayRun = true;
    await minutes(2);
    expect(asked).toHaveLength(1);
  });

  it('forget once a day what the ledger says of more than 400 days ago', async () => {
    const entryOf = (days: number) => ({
      project: 'default',
      entry: 'dropped' as const,
      subject: `${days}`,
      reason: 'test',
      lines: new Map([[minuteOf(timers.now() - days * dayMs), 1]]),
    });
    const subjects = async () => {
      const { records: entries } = await records.store.list(ledgerEntries, { project: 'default', limit: 9 });
      return entries.map(({ subject }) => subject).toSorted();
    };
    await enter(records.store, [entryOf(399), entryOf(401)]);
    open({ days: { general: null, byType: {} } });
    await expect.poll(subjects).toEqual(['399']);
    await enter(records.store, [entryOf(402)]);
    await minutes(5);
    expect(await subjects()).toEqual(['399', '402']);
    await timers.advance(dayMs);
    await expect.poll(subjects).toEqual(['399']);
  });

  it('forget once a day the entries of the audit log that are older than they are kept', async () => {
    const note = (name: string) =>
      records.store.insert(auditEntries, {
        project: 'default',
        id: randomUUID(),
        actor_kind: 'local',
        actor_id: 'local',
        actor_name: name,
        action: 'createUser',
        target: null,
        outcome: 201,
        address: 'local',
        correlation_id: '',
        detail: [],
      });
    const names = async () => {
      const { records: entries } = await records.store.list(auditEntries, { project: 'default', limit: 9 });
      return entries.map(({ actor_name }) => actor_name).toSorted();
    };
    const none = { general: null, byType: {} };
    await note('first');
    await timers.advance(2 * dayMs);
    await note('second');
    open({ days: none, auditDays: null });
    await minutes(2);
    expect(await names()).toEqual(['first', 'second']);
    open({ days: none, auditDays: 2 });
    await expect.poll(names).toEqual(['first', 'second']);
    await timers.advance(dayMs + minuteMs);
    await expect.poll(names).toEqual(['second']);
  });

  it('are tried again within minutes when they fail', async () => {
    let failures = 2;
    const failing: typeof events = {
      ...events,
      async remove(retention, books) {
        asked.push(retention);
        failures -= 1;
        if (failures >= 0) throw unavailable('away');
        return events.remove(retention, books);
      },
    };
    open({ events: failing });
    await minutes(10);
    expect(asked).toHaveLength(4);
  });

  it('settle what a process left open, at once where no other can be at it, and else when it is old', async () => {
    await begin('left open');
    open({ days: { general: null, byType: {} }, settleAfterMs: hourMs });
    await minutes(30);
    expect(settled).toEqual([]);
    await minutes(35);
    expect(settled).toEqual(['left open']);
    await begin('another');
    open({ days: { general: null, byType: {} } });
    await minutes(2);
    expect(settled).toEqual(['left open', 'another']);
    expect(await createRemovals(records.store, timers).open()).toBeNull();
  });

  it('let one removal be open at a time', async () => {
    await begin('first');
    await expect(begin('second')).rejects.toMatchObject({ code: 'Conflict' });
    await createRemovals(records.store, timers).end('another');
    await expect(begin('second')).rejects.toMatchObject({ code: 'Conflict' });
    await createRemovals(records.store, timers).cancel('first');
    await begin('second');
    expect(await readRemovedTotal(records.store)).toEqual({ events: 0, lastEvents: 0, lastAt: null });
    await createRemovals(records.store, timers).end('second');
    await createRemovals(records.store, timers).end('second');
    expect(await readRemovedTotal(records.store)).toEqual({
      events: 1,
      lastEvents: 1,
      lastAt: timers.now(),
    });
  });
});
