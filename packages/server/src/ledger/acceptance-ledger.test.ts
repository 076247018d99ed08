import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unavailable } from '../domain/errors.ts';
import { minuteMs } from '../domain/ledger/minute.ts';
import { silentLog } from '../domain/log.ts';
import { ledgerAccepted, ledgerProcesses } from '../domain/records/ledger.ts';
import type { RecordStore } from '../engines/record-store/port.ts';
import { createFakeTimers, type FakeTimers, start } from '../services/ingestion/ingestion.fixture.ts';
import { type AcceptanceLedger, createAcceptanceLedger, installation } from './acceptance-ledger.ts';
import { readAcceptanceBook, readEntryBook } from './read-books.ts';
import { openTestRecords, type TestRecords } from './test-records.fixture.ts';

const project = 'default';
const range = { from: start, to: start + 1000 * minuteMs };

let timers: FakeTimers;
let records: TestRecords;
let ledger: AcceptanceLedger;
let failure: 'none' | 'away' | 'lost answer';

beforeEach(async () => {
  timers = createFakeTimers();
  records = await openTestRecords(timers);
  failure = 'none';
  ledger = ledgerOf('first');
  await ledger.start();
});
afterEach(() => records.close());

/** Records whose transactions fail before or after they are done, as the test says. */
const failing = (): RecordStore => ({
  ...records.store,
  async transaction(work) {
    if (failure === 'away') throw unavailable('away');
    const result = await records.store.transaction(work);
    if (failure === 'lost answer') throw unavailable('connection lost');
    return result;
  },
});

const ledgerOf = (id: string, alone = false): AcceptanceLedger =>
  createAcceptanceLedger({
    records: failing(),
    clock: timers,
    timers,
    newId: () => id,
    name: `host of ${id}`,
    log: silentLog,
    alone,
  });

/** Writes are real ones: the clock moves on when they are done. */
async function pass(milliseconds: number): Promise<void> {
  await timers.advance(milliseconds);
  await records.store.transaction(async () => undefined);
  await new Promise((resolve) => setTimeout(resolve, 20));
}

const book = () => readAcceptanceBook(records.store, project, range);
const processOf = (id: string) => records.store.get(ledgerProcesses, { project: installation, id });

describe('the ledger of accepted events', () => {
  it('is written every two seconds, with the time to which it is complete', async () => {
    const count = ledger.counts.of(project, start);
    count.accepted += 5;
    count.unanswered += 1;
    expect((await book()).minutes).toEqual(new Map());
    await pass(2000);
    expect((await book()).minutes).toEqual(new Map([[start, { accepted: 5, unanswered: 1, repeated: 0 }]]));
    expect(await processOf('first')).toMatchObject({ counted_to: start + 2000, state: 'open' });
    count.accepted += 2;
    await pass(2000);
    expect((await book()).minutes.get(start)?.accepted).toBe(7);
  });

  it('is complete to the start of the minute that has something pending, and no further', async () => {
    await pass(2 * minuteMs);
    const count = ledger.counts.of(project, start + minuteMs + 1);
    count.pending += 1;
    await pass(4000);
    expect((await processOf('first'))?.counted_to).toBe(start + minuteMs);
    count.pending -= 1;
    await pass(2000);
    expect((await processOf('first'))?.counted_to).toBe(timers.now());
  });

  it('has everything once when the records were away, or their answer was lost', async () => {
    const count = ledger.counts.of(project, start);
    count.accepted += 5;
    failure = 'lost answer';
    await pass(2000);
    count.accepted += 1;
    failure = 'away';
    await pass(2000);
    count.accepted += 1;
    failure = 'none';
    await pass(2000);
    expect((await book()).minutes.get(start)?.accepted).toBe(7);
    expect(await records.store.count(ledgerAccepted, { project })).toBe(1);
  });

  it('adds what is received in a minute that was let go, after the clock was set back', async () => {
    ledger.counts.of(project, start).accepted += 5;
    await pass(3 * minuteMs);
    await pass(2000);
    expect([...ledger.counts.list()]).toEqual([]);
    ledger.counts.of(project, start).accepted += 2;
    await pass(2000);
    expect((await book()).minutes.get(start)?.accepted).toBe(7);
  });

  it('has what was refused, beside what was accepted and without it', async () => {
    const count = ledger.counts.of(project, start);
    count.refused += 3;
    await pass(2000);
    expect(await readEntryBook(records.store, project, range)).toMatchObject({
      refused: new Map([[start, 3]]),
    });
    expect((await book()).minutes).toEqual(new Map());
    count.refused += 1;
    failure = 'lost answer';
    await pass(2000);
    count.accepted += 5;
    failure = 'none';
    await ledger.stop();
    expect((await readEntryBook(records.store, project, range)).refused.get(start)).toBe(4);
    expect((await book()).minutes.get(start)?.accepted).toBe(5);
  });

  it('is closed by a stop, which fails when the last counts cannot be written', async () => {
    ledger.counts.of(project, start).accepted += 5;
    failure = 'away';
    await expect(ledger.stop()).rejects.toMatchObject({ code: 'ServiceUnavailable' });
    expect(await processOf('first')).toMatchObject({ state: 'open' });
    const second = ledgerOf('second');
    failure = 'none';
    await second.start();
    second.counts.of('another', start).accepted += 1;
    await second.stop();
    expect(await processOf('second')).toMatchObject({ state: 'closed', ended_at: start });
    expect(timers.waiting()).toBe(0);
  });

  it('takes who is on record as open for dead only where no other process can be', async () => {
    await pass(2000);
    const beside = ledgerOf('beside');
    await beside.start();
    expect(await processOf('first')).toMatchObject({ state: 'open' });
    const next = ledgerOf('next', true);
    await next.start();
    for (const id of ['first', 'beside'])
      expect(await processOf(id)).toMatchObject({ state: 'crashed', ended_at: timers.now() });
    expect(await processOf('next')).toMatchObject({ state: 'open' });
  });
});
