import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { minuteMs } from '../domain/ledger/minute.ts';
import type { DeadLetter } from '../engines/bus/port.ts';
import {
  createTestBus,
  createTestStore,
  deliveryOf,
  eventOf,
  type TestBus,
  type TestStore,
} from '../services/storage/storage.fixture.ts';
import { countDeadLines, declareDeadLetterDropped, withdrawDeadLetterDrop } from './dead-lines.ts';
import { enter } from './ledger-entries.ts';
import { messageName } from './message-name.ts';
import { readEntryBook } from './read-books.ts';
import { openTestRecords, type TestRecords } from './test-records.fixture.ts';

const noon = Date.UTC(2026, 0, 1, 12);
const range = { from: noon, to: noon + 10 * minuteMs };

let records: TestRecords;
let store: TestStore;
let bus: TestBus;

beforeEach(async () => {
  records = await openTestRecords({ now: () => noon });
  store = createTestStore();
  bus = createTestBus();
});
afterEach(() => records.close());

let letters = 0;

/** A letter of the storage queue; each event received so many milliseconds after noon. */
function letterOf(received: readonly number[], queue: DeadLetter['queue'] = 'events.storage'): DeadLetter {
  const events = received.map((ms, n) =>
    eventOf(1000 * ms + n, { received_at: new Date(noon + ms).toISOString() }),
  );
  const { headers, body } = deliveryOf(events).batch;
  const id = `letter-${letters++}`;
  return { id, reason: 'refused', queue, at: noon, batch: headers, bytes: body.length, headers, body };
}

const messageOf = ({ body }: DeadLetter) => ({ project: 'default', body });
const options = () => ({ events: store, records: records.store });
const deadLines = async () => (await countDeadLines(bus, 'default', options())).lines;
const append = ({ body, batch }: DeadLetter) =>
  store.append({ lines: body, count: batch?.count ?? 0, mayBeKnown: true });

describe('the lines of dead letters', () => {
  it('are counted by minute of receipt, once each, of the storage queue and one project', async () => {
    const letter = letterOf([0, 1, minuteMs]);
    bus.letters.push(letter, letterOf([5]), letter, letterOf([7], 'events.analytics'));
    expect(await deadLines()).toEqual(
      new Map([
        [noon, 3],
        [noon + minuteMs, 1],
      ]),
    );
    expect((await countDeadLines(bus, 'another', options())).lines).toEqual(new Map());
  });

  it('do not count when they are stored all the same, or entered as duplicates', async () => {
    const stored = letterOf([0, 1]);
    await append(stored);
    const partly = letterOf([2, 3, 4]);
    const lines = new Map([[noon, 1]]);
    const subject = messageName(partly);
    await enter(records.store, [
      { project: 'default', entry: 'duplicates', subject, reason: 'known', lines },
    ]);
    bus.letters.push(stored, partly);
    expect(await deadLines()).toEqual(new Map([[noon, 2]]));
  });

  it('count as dropped once their drop is declared, and again as dead when it is taken back', async () => {
    const letter = letterOf([0, 1, minuteMs]);
    bus.letters.push(letter);
    await declareDeadLetterDropped(messageOf(letter), 'nobody needs it', options());
    await declareDeadLetterDropped(messageOf(letter), 'nobody needs it', options());
    expect(await deadLines()).toEqual(new Map());
    const dropped = new Map([
      [noon, 2],
      [noon + minuteMs, 1],
    ]);
    expect((await readEntryBook(records.store, 'default', range)).dropped).toEqual(dropped);
    await withdrawDeadLetterDrop(messageOf(letter), records.store);
    expect((await readEntryBook(records.store, 'default', range)).dropped).toEqual(new Map());
    expect(await deadLines()).toEqual(dropped);
  });

  it('are said to be incomplete when there are more letters than are looked at', async () => {
    bus.letters.push(...Array.from({ length: 501 }, (_, n) => letterOf([n])));
    expect((await countDeadLines(bus, 'default', options())).isComplete).toBe(false);
    bus.letters.pop();
    expect((await countDeadLines(bus, 'default', options())).isComplete).toBe(true);
  });
});

describe('entries', () => {
  it('are made once, all together or not at all', async () => {
    const entry = { project: 'default', entry: 'dropped' as const, subject: 'retention', reason: 'old' };
    await enter(records.store, [{ ...entry, lines: new Map([[noon, 5]]) }]);
    await enter(records.store, [{ ...entry, lines: new Map([[noon, 9]]) }]);
    const broken = { ...entry, subject: 'another', lines: new Map([[noon, 0]]) };
    const good = { ...entry, subject: 'good', lines: new Map([[noon, 1]]) };
    await expect(enter(records.store, [good, broken])).rejects.toThrow();
    expect((await readEntryBook(records.store, 'default', range)).dropped).toEqual(new Map([[noon, 5]]));
  });

  it('are read by minutes, however many there are', async () => {
    const entries = Array.from({ length: 2500 }, (_, n) => ({
      project: 'default',
      entry: 'duplicates' as const,
      subject: `message ${n}`,
      reason: 'known',
      lines: new Map([[noon + (n % 12) * minuteMs, 1]]),
    }));
    await enter(records.store, entries);
    const { duplicates } = await readEntryBook(records.store, 'default', range);
    expect([...duplicates.keys()].toSorted()).toEqual(
      Array.from({ length: 10 }, (_, n) => noon + n * minuteMs),
    );
    expect([...duplicates.values()].reduce((sum, count) => sum + count, 0)).toBe(2084);
  });
});
