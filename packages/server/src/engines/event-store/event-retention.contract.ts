import { beforeEach, describe, expect, it } from 'vitest';
import type { Retention } from '../../domain/retention/retention.ts';
import { blockOf, makeEvent, minute } from './event-fixtures.contract.ts';
import type { EventStore } from './port.ts';
import { createTestBooks, type TestBooks } from './removal-books.fixture.ts';

const day = 24 * 60 * minute;
/** In a month of its own: removing costs an engine a little for every part of the month. */
const noon = Date.UTC(2026, 2, 20, 12);
const midnight = noon - day / 2;
const at = (time: number): string => new Date(time).toISOString();

/** What every event store promises about removing events; only types of these tests go. */
export function describeRetention(store: () => EventStore, reopen: () => Promise<unknown>): void {
  describe('retention', () => {
    let books: TestBooks;
    beforeEach(() => {
      books = createTestBooks();
    });
    const only = (types: Retention['types']): Retention => ({ before: null, ...(types && { types }) });
    const idsOf = async (project: string): Promise<string[]> => {
      const { events } = await store().list({ filter: { project }, order: 'asc', limit: 1000 });
      return events.map(({ id }) => id);
    };
    const all = { from: noon - 400 * day, to: noon + 400 * day };

    it('removes what is older than its type is kept, by whole days, and nothing else', async () => {
      const project = 'retention';
      const events = Array.from({ length: 400 }, (_, n) =>
        makeEvent({
          project: n % 5 === 0 ? 'retention elsewhere' : project,
          timestamp: at(noon - n * 0.25 * day),
          received_at: at(noon - n * minute),
          type: ['kept.a', 'old.a', 'old.a.b', 'older.c'][n % 4] ?? '',
          user_id: `user ${n % 11}`,
        }),
      );
      await store().append(blockOf(events));
      const retention = only({
        'old.*': noon - 20 * day,
        'old.a.*': noon - 30 * day,
        'older.c': noon - 45 * day,
        'kept.never': noon,
      });
      const limits: Record<string, number> = {
        'kept.a': Number.NEGATIVE_INFINITY,
        'old.a': midnight - 20 * day,
        'old.a.b': midnight - 30 * day,
        'older.c': midnight - 45 * day,
      };
      const isKept = ({ timestamp, type }: (typeof events)[number]): boolean =>
        Date.parse(timestamp) >= (limits[type] ?? 0);
      const removed = await store().remove(retention, books);
      const gone = events.filter((event) => !isKept(event));
      expect(removed.events).toBe(gone.length);
      expect(books.open.size).toBe(0);
      const entered = new Map<string, number>();
      for (const { lines } of books.ended)
        for (const line of lines) {
          const key = `${line.project} ${at(line.minute)}`;
          entered.set(key, (entered.get(key) ?? 0) + line.count);
        }
      expect(entered).toEqual(new Map(gone.map((event) => [`${event.project} ${event.received_at}`, 1])));

      for (const name of [project, 'retention elsewhere']) {
        const kept = events.filter((event) => event.project === name && isKept(event)).reverse();
        expect(await idsOf(name)).toEqual(kept.map(({ id }) => id));
        const history = await store().history({ filter: { project: name }, interval: day });
        expect(history.reduce((sum, point) => sum + point.events, 0)).toBe(kept.length);
        for (const point of history) {
          const users = kept
            .filter(({ timestamp }) => Math.floor(Date.parse(timestamp) / day) * day === point.timestamp)
            .map(({ user_id }) => user_id);
          expect(point.uniqueUsers).toBe(new Set(users).size);
        }
        const counted = await store().aggregate({
          filter: { project: name },
          metric: 'count',
          groupBy: [],
          limit: 1,
        });
        expect(counted.total).toBe(kept.length);
        const audit = await store().audit({ project: name, ...all });
        expect(audit.minutes.reduce((sum, { stored }) => sum + stored, 0)).toBe(kept.length);
        expect(audit.rollUps?.mismatches ?? 0).toBe(0);
        expect(audit.repeatedIds.count).toBe(0);
        expect(await store().find(name, kept.map(({ id }) => id).slice(0, 50))).toHaveLength(
          Math.min(50, kept.length),
        );
      }
      for (const { id, project: name } of gone.slice(0, 5)) expect(await store().get(name, id)).toBeNull();
      expect(await store().remove(retention, createTestBooks())).toEqual({ events: 0, partitions: [] });
    });

    it('drops a partition where everything in it goes', async () => {
      const project = 'retention of a partition';
      const month = Date.UTC(2025, 6);
      const events = Array.from({ length: 62 }, (_, n) =>
        makeEvent({
          project,
          timestamp: at(month + n * 0.5 * day),
          type: n % 2 === 0 ? 'whole.a' : 'whole.b',
        }),
      );
      const next = makeEvent({ project, timestamp: at(Date.UTC(2025, 7)), type: 'whole.b' });
      await store().append(blockOf([...events, next]));
      const limit = Date.UTC(2025, 7, 1, 5);
      const held = await store().remove(only({ 'whole.*': limit, 'whole.b': month }), books);
      expect(held.partitions.filter((name) => /2025_?07/.test(name))).toEqual([]);
      expect((await idsOf(project)).length).toBe(32);
      const removed = await store().remove(only({ 'whole.*': limit }), books);
      expect(removed).toMatchObject({ events: 31, partitions: [expect.stringMatching(/2025_?07/)] });
      expect(await idsOf(project)).toEqual([next.id]);
      expect(books.lines(project)).toBe(62);
      expect((await store().append(blockOf([makeEvent({ project, timestamp: at(month) })]))).stored).toBe(1);
      expect((await idsOf(project)).length).toBe(2);
    });

    it('knows the id of a removed event for the horizon, tells its redelivery, and stores neither', async () => {
      const project = 'retention and ids';
      const receivedAt = Date.now();
      const events = [0, 1].map((n) =>
        makeEvent({ project, type: 'gone', timestamp: at(noon - n * day), received_at: at(receivedAt + n) }),
      );
      await store().append(blockOf(events));
      expect((await store().remove(only({ gone: noon + day }), books)).events).toBe(2);
      for (let round = 0; round < 2; round++) {
        const again = events.map((event) => ({ ...event, received_at: at(receivedAt + 5000) }));
        const block = blockOf([...events, ...again, makeEvent({ project, type: 'new' })]);
        const { stored, duplicates, conflicts, twins } = await store().append(block);
        expect({ stored, duplicates, conflicts }).toEqual({ stored: 1, duplicates: 4, conflicts: 0 });
        expect(twins).toEqual([
          { line: 0, receivedAt, storedReceivedAt: receivedAt },
          { line: 1, receivedAt: receivedAt + 1, storedReceivedAt: receivedAt + 1 },
          { line: 2, receivedAt: receivedAt + 5000, storedReceivedAt: receivedAt },
          { line: 3, receivedAt: receivedAt + 5000, storedReceivedAt: receivedAt + 1 },
        ]);
        if (round === 0) await reopen();
      }
      expect(await idsOf(project)).toHaveLength(2);
    });

    it('counts anew when events come between the books and the removal', async () => {
      const project = 'retention of what comes late';
      const late = [0, 1, 2].map((n) =>
        makeEvent({ project, type: 'late', timestamp: at(noon - n * minute) }),
      );
      await store().append(blockOf(late.slice(0, 1)));
      let begun = 0;
      books.before = async () => {
        begun += 1;
        if (begun === 1) await store().append(blockOf(late.slice(1)));
      };
      expect((await store().remove(only({ late: noon + day }), books)).events).toBe(3);
      expect(books.cancelled).toHaveLength(1);
      expect(books.lines(project)).toBe(3);
      expect(await idsOf(project)).toEqual([]);
      for (const name of books.cancelled) expect(await store().settle(name)).toBe(false);
      for (const { name } of books.ended) expect(await store().settle(name)).toBe(true);
    });

    it('says what became of a removal when the process died before it, or before its end was entered', async () => {
      const project = 'retention and crashes';
      // The first makes a partition whole, the second does not.
      for (const [month, beside] of [
        [Date.UTC(2025, 3), 0],
        [Date.UTC(2025, 4), 1],
      ] as const) {
        books = createTestBooks();
        const type = `crash.${month}`;
        const events = [1, 2].map((n) => makeEvent({ project, type, timestamp: at(month + n * day) }));
        const others = beside === 0 ? [] : [makeEvent({ project, timestamp: at(month + day), type: 'kept' })];
        await store().append(blockOf([...events, ...others]));
        const retention = only({ [type]: month + 10 * day });
        const before = await idsOf(project);

        const died = new Error('died');
        books.before = () => Promise.reject(died);
        await expect(store().remove(retention, books)).rejects.toBe(died);
        const [first = ''] = books.open.keys();
        expect(await store().settle(first)).toBe(false);
        expect(await idsOf(project)).toEqual(before);
        await books.cancel(first);

        books.before = async () => {};
        books.beforeEnd = () => Promise.reject(died);
        for (let done = 0; done < events.length; ) {
          await expect(store().remove(retention, books)).rejects.toBe(died);
          await reopen();
          const [removal] = books.open.values();
          if (removal === undefined) throw new Error('Nothing was begun');
          // Whatever comes after it has nothing to do with it.
          const late = makeEvent({ project, type, timestamp: at(month + 20 * day) });
          await store().append(blockOf([late]));
          expect(await store().settle(removal.name)).toBe(true);
          expect(await store().settle(first)).toBe(false);
          books.open.delete(removal.name);
          done += removal.lines.reduce((sum, { count }) => sum + count, 0);
        }
        const left = new Set(await idsOf(project));
        expect(events.filter(({ id }) => left.has(id))).toEqual([]);
        expect(others.filter(({ id }) => !left.has(id))).toEqual([]);
      }
    });

    it('goes on storing meanwhile, and every event is either counted or there', async () => {
      const project = 'retention beside';
      let writing = true;
      let sent = 0;
      const appended = (async () => {
        for (let round = 0; round < 12; round++) {
          const events = Array.from({ length: 24 }, (_, n) =>
            makeEvent({
              project,
              timestamp: at(noon - (n % 3) * day + round * minute),
              type: n % 4 === 0 ? 'beside.kept' : 'beside.gone',
              user_id: `user ${n % 7}`,
            }),
          );
          expect((await store().append(blockOf(events, round % 2 === 0))).stored).toBe(24);
          sent += 24;
        }
        writing = false;
      })();
      let removed = 0;
      while (writing) removed += (await store().remove(only({ 'beside.gone': noon + day }), books)).events;
      await appended;
      removed += (await store().remove(only({ 'beside.gone': noon + day }), books)).events;
      expect(removed).toBe(sent * 0.75);
      expect(books.lines(project)).toBe(removed);
      const kept = await store().aggregate({ filter: { project }, metric: 'count', groupBy: [], limit: 1 });
      expect(kept.total).toBe(sent * 0.25);
      expect((await store().audit({ project, ...all })).rollUps?.mismatches ?? 0).toBe(0);
    });

    it('ends between two parts when the signal fires', async () => {
      const gone = new AbortController();
      const project = 'retention that is stopped';
      const events = [0, 40, 80].map((n) =>
        makeEvent({ project, type: 'stopped', timestamp: at(noon - n * day) }),
      );
      await store().append(blockOf(events));
      books.beforeEnd = async () => gone.abort(new Error('gone'));
      const retention = only({ stopped: noon + day });
      await expect(store().remove(retention, books, { signal: gone.signal })).rejects.toThrow('gone');
      expect(books.open.size).toBe(0);
      expect((await idsOf(project)).length).toBe(3 - books.lines(project));
      expect(books.lines(project)).toBe(1);
    });
  });
}
