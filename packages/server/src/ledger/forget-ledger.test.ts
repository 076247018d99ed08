import { afterEach, beforeEach, expect, it } from 'vitest';
import { minuteMs } from '../domain/ledger/minute.ts';
import { silentLog } from '../domain/log.ts';
import { ledgerAccepted, ledgerEntries, ledgerProcesses } from '../domain/records/ledger.ts';
import { createFakeTimers, type FakeTimers, start } from '../domain/timers.fixture.ts';
import { createAcceptanceLedger, installation } from './acceptance-ledger.ts';
import { forgetLedger } from './forget-ledger.ts';
import { enter } from './ledger-entries.ts';
import { readAcceptanceBook, readEntryBook } from './read-books.ts';
import { openTestRecords, type TestRecords } from './test-records.fixture.ts';

const project = 'default';
const range = { from: start, to: start + 2000 * minuteMs };

let timers: FakeTimers;
let records: TestRecords;
beforeEach(async () => {
  timers = createFakeTimers();
  records = await openTestRecords(timers);
});
afterEach(() => records.close());

it('forgets what was received before a moment, and judges nothing from before it any more', async () => {
  for (const id of ['first', 'second', 'third']) {
    const ledger = createAcceptanceLedger({
      records: records.store,
      clock: timers,
      timers,
      newId: () => id,
      name: id,
      log: silentLog,
      alone: false,
    });
    await ledger.start();
    for (let minute = 0; minute < (id === 'third' ? 1 : 600); minute++)
      ledger.counts.of(project, timers.now() + minute * minuteMs).accepted += 1;
    await ledger.stop();
    await timers.advance(700 * minuteMs);
  }
  const lines = new Map(Array.from({ length: 1300 }, (_, minute) => [start + minute * minuteMs, 1]));
  await enter(records.store, [{ project, entry: 'dropped', subject: 'a', reason: 'test', lines }]);

  const before = start + 1000 * minuteMs;
  const forget = () => forgetLedger(records.store, { project, before, signal: new AbortController().signal });
  // 600 of the first, 300 of the second, 1,000 entries, two processes.
  expect(await forget()).toBe(1902);
  expect(await forget()).toBe(0);
  const book = await readAcceptanceBook(records.store, project, range);
  expect(book.since).toBe(before);
  expect([...book.minutes.keys()][0]).toBe(before);
  expect(book.minutes.size).toBe(301);
  expect((await readEntryBook(records.store, project, range)).dropped.size).toBe(300);
  expect(await records.store.count(ledgerAccepted, { project })).toBe(301);
  expect(await records.store.count(ledgerEntries, { project })).toBe(300);
  const left = await records.store.list(ledgerProcesses, { project: installation, limit: 10 });
  expect(left.records.map(({ id }) => id)).toEqual(['third']);

  const earlier = { project, before: start, signal: new AbortController().signal };
  expect(await forgetLedger(records.store, earlier)).toBe(0);
  expect((await readAcceptanceBook(records.store, project, range)).since).toBe(before);
  await expect(
    forgetLedger(records.store, { project, before, signal: AbortSignal.abort(new Error('stopped')) }),
  ).rejects.toThrow('stopped');
});
