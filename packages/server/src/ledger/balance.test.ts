import { describe, expect, it } from 'vitest';
import { minuteMs } from '../domain/ledger/minute.ts';
import type { LedgerProcessRecord } from '../domain/records/ledger.ts';
import { type BalanceInput, balance } from './balance.ts';
import type { AcceptanceBook } from './read-books.ts';

const noon = Date.UTC(2026, 4, 20, 12);
const now = noon + 10 * minuteMs;

function bookOf(
  accepted: number,
  {
    unanswered = 0,
    repeated = 0,
    ...rest
  }: Partial<AcceptanceBook> & { unanswered?: number; repeated?: number } = {},
): AcceptanceBook {
  return {
    since: noon - minuteMs,
    processes: [],
    minutes: new Map([[noon, { accepted, unanswered, repeated }]]),
    ...rest,
  };
}

const processOf = (some: Partial<LedgerProcessRecord>): LedgerProcessRecord => ({
  id: 'p',
  project: 'default',
  version: 1,
  created_at: noon - minuteMs,
  updated_at: now,
  written_at: now,
  name: 'host:1',
  counted_to: now,
  state: 'open',
  ended_at: null,
  ...some,
});

/** A minute with so much accepted and stored; all of it settled unless the rest says otherwise. */
function account(book: AcceptanceBook, stored: number, some: Partial<BalanceInput> = {}) {
  const { entries = { duplicates: new Map(), dropped: new Map(), refused: new Map() } } = some;
  const [minute] = balance({
    range: { from: noon, to: noon + minuteMs },
    before: book,
    after: book,
    startedAt: now,
    auditedAt: now,
    readAt: now,
    entriesBefore: entries,
    removing: new Map(),
    entries,
    audited: [{ minute: noon, stored, setAside: 0 }],
    dead: new Map(),
    deadIsComplete: true,
    drainedTo: Number.POSITIVE_INFINITY,
    ...some,
  });
  return minute;
}

describe('the account of a minute', () => {
  it('adds up everything that can become of a line', () => {
    const found = account(bookOf(21, { repeated: 1, unanswered: 0 }), 0, {
      audited: [{ minute: noon, stored: 10, setAside: 1 }],
      entries: {
        duplicates: new Map([[noon, 2]]),
        dropped: new Map([[noon, 3]]),
        refused: new Map([[noon, 5]]),
      },
      dead: new Map([[noon, 4]]),
    });
    expect(found).toEqual({
      minute: noon,
      status: 'holds',
      accepted: 21,
      unanswered: 0,
      stored: 10,
      duplicates: 3,
      dead: 4,
      set_aside: 1,
      dropped: 3,
      refused: 5,
      difference: 0,
      uncounted: 0,
    });
  });

  it('leaves open what became of the unanswered, and nothing else', () => {
    const book = bookOf(10, { unanswered: 3 });
    const statuses = [9, 10, 11, 13, 14].map((stored) => account(book, stored)?.status);
    expect(statuses).toEqual(['loss', 'holds', 'holds', 'holds', 'surplus']);
  });

  it('allows a surplus when a process was killed that had not counted the minute, and never a loss', () => {
    const crashed = (counted_to: number, written_at: number, ended_at: number | null = null) =>
      bookOf(10, {
        processes: [processOf({ state: 'crashed', counted_to, written_at, ended_at })],
      });
    const within = crashed(noon + 30_000, noon + 30_000, now);
    expect(account(within, 15)).toMatchObject({ status: 'holds', difference: 5, uncounted: 5 });
    expect(account(within, 9)).toMatchObject({ status: 'loss', difference: -1 });
    // It had counted all of the minute; or it was dead before the minute began.
    expect(account(crashed(noon + minuteMs, noon + minuteMs + 1), 15)?.status).toBe('surplus');
    expect(account(crashed(noon - 30_000, noon - 30_000), 15)?.status).toBe('surplus');
    expect(account(crashed(noon - 5000, noon - 5000), 15)?.status).toBe('holds');
    expect(account(crashed(noon - 5000, noon - 5000, noon - 4000), 15)?.status).toBe('surplus');
  });

  it('takes a process that is silent for dead, and waits for one that is not', () => {
    const book = (written_at: number) =>
      bookOf(10, { processes: [processOf({ counted_to: noon + 1, written_at })] });
    expect(account(book(now - 9000), 15)?.status).toBe('unsettled');
    expect(account(book(now - 9000), 9)?.status).toBe('unsettled');
    expect(account(book(noon + 1), 15)).toMatchObject({ status: 'holds', uncounted: 5 });
    expect(account(book(noon + 1), 9)?.status).toBe('loss');
  });

  it('judges no minute that is still being counted, be it that the figures are right', () => {
    const running = bookOf(10, { processes: [processOf({ counted_to: noon + minuteMs })] });
    expect(account(running, 10)?.status).toBe('holds');
    expect(account(running, 9)?.status).toBe('loss');
    expect(account(running, 10, { before: bookOf(9) })?.status).toBe('unsettled');
    const behind = bookOf(10, { processes: [processOf({ counted_to: noon + minuteMs - 1 })] });
    expect(account(behind, 10)?.status).toBe('unsettled');
    // Of a minute that goes on, what matters is the time until the audit had ended.
    const present = { startedAt: noon + 10, auditedAt: noon + 20, readAt: noon + 30 };
    const counted = bookOf(10, { processes: [processOf({ counted_to: noon + 20 })] });
    expect(account(counted, 9, present)?.status).toBe('loss');
    const notYet = bookOf(10, { processes: [processOf({ counted_to: noon + 19 })] });
    expect(account(notYet, 9, present)?.status).toBe('unsettled');
  });

  it('calls nothing a loss that may be in the queue, or among dead letters nobody looked at', () => {
    expect(account(bookOf(10), 9, { drainedTo: noon + minuteMs - 1 })?.status).toBe('unsettled');
    expect(account(bookOf(10), 9, { drainedTo: noon + minuteMs })?.status).toBe('loss');
    expect(account(bookOf(10), 9, { deadIsComplete: false })?.status).toBe('unsettled');
    expect(account(bookOf(10), 11, { drainedTo: Number.NEGATIVE_INFINITY })?.status).toBe('surplus');
  });

  it('says nothing of the last minute of a killed process while what it had not counted may be in the queue', () => {
    const killed = bookOf(10, {
      processes: [processOf({ state: 'crashed', counted_to: noon + 30_000, written_at: noon + 30_000 })],
    });
    for (const stored of [9, 10, 12])
      for (const drainedTo of [Number.NEGATIVE_INFINITY, noon + minuteMs - 1])
        expect(account(killed, stored, { drainedTo })?.status).toBe('unsettled');
    expect(account(killed, 10, { drainedTo: noon + minuteMs })?.status).toBe('holds');
    expect(account(killed, 12, { drainedTo: noon + minuteMs })).toMatchObject({
      status: 'holds',
      uncounted: 2,
    });
    // Nothing of the minute was counted or found anywhere yet.
    const uncounted = { ...killed, minutes: new Map() };
    const nowhere = { audited: [], drainedTo: Number.NEGATIVE_INFINITY };
    expect(account(uncounted, 0, nowhere)).toMatchObject({ minute: noon, status: 'unsettled', accepted: 0 });
    expect(account(uncounted, 0, { audited: [] })).toBeUndefined();
    // It had counted all of this minute: what is in the queue is of others.
    const counted = bookOf(10, {
      processes: [processOf({ state: 'crashed', counted_to: noon + minuteMs, written_at: noon + minuteMs })],
    });
    expect(account(counted, 10, { drainedTo: Number.NEGATIVE_INFINITY })?.status).toBe('holds');
  });

  it('does not check what was stored before there was a ledger', () => {
    expect(account(bookOf(0, { since: noon + 5 }), 7)?.status).toBe('unchecked');
    expect(account(bookOf(0, { since: null }), 7)?.status).toBe('unchecked');
    expect(account(bookOf(8, { since: noon + 5 }), 7)?.status).toBe('loss');
    expect(account(bookOf(0, { since: noon - 1 }), 7)?.status).toBe('surplus');
  });

  it('is not settled while lines of the minute are being removed, whatever it adds up to', () => {
    const entries = { duplicates: new Map(), dropped: new Map([[noon, 3]]), refused: new Map() };
    const none = { duplicates: new Map(), dropped: new Map(), refused: new Map() };
    for (const stored of [2, 5]) {
      expect(account(bookOf(5), stored, { entries, removing: new Map([[noon, 3]]) })?.status).toBe(
        'unsettled',
      );
      expect(account(bookOf(5), stored, { entries, entriesBefore: none })?.status).toBe('unsettled');
      expect(account(bookOf(5), stored, { entries: none, entriesBefore: entries })?.status).toBe('unsettled');
    }
    const elsewhere = new Map([[noon - minuteMs, 3]]);
    expect(account(bookOf(5), 2, { entries, removing: elsewhere })?.status).toBe('holds');
    expect(account(bookOf(5), 5, { entries })?.status).toBe('surplus');
  });
});
