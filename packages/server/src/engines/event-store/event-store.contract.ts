import { randomUUID } from 'node:crypto';
import { type Event, formatEventLine, type LineEvent } from '@streamflow/contracts';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseTimestamp } from '../../domain/events/timestamp.ts';
import type { EventFilter, EventListQuery } from '../../domain/queries/event-query.ts';
import { matchesFilter } from '../../domain/queries/matches-filter.ts';
import type { PropertyPath } from '../../domain/queries/property-path.ts';
import { describeAggregations } from './event-aggregation.contract.ts';
import { describeAudit } from './event-audit.contract.ts';
import {
  blockOf,
  hostileTexts,
  makeEvent,
  minute,
  noon,
  propertyEvents,
  propertyKeys,
  valueSets,
} from './event-fixtures.contract.ts';
import { describeRetention } from './event-retention.contract.ts';
import { type AppendResult, type EventBlock, type EventStore, UnstorableBlockError } from './port.ts';

export interface EventStoreUnderTest {
  readonly store: EventStore;
  /** Closes the store and opens it again on the same data. */
  reopen(): Promise<EventStore>;
  close(): Promise<void>;
}

const readersAtOnce = 4;

/** What every event store promises; each implementation runs it on an empty store of its own. */
export function describeEventStore(name: string, open: () => Promise<EventStoreUnderTest>): void {
  describe(`${name} as an event store`, () => {
    let opened: EventStoreUnderTest;
    let store: EventStore;
    /** What became of a block, in numbers. */
    const append = async (block: EventBlock): Promise<Omit<AppendResult, 'twins'>> => {
      const { twins, ...numbers } = await store.append(block);
      expect(twins).toHaveLength(numbers.duplicates);
      return numbers;
    };
    beforeAll(async () => {
      opened = await open();
      store = opened.store;
    });
    afterAll(() => opened.close());

    describe('what went in comes out', () => {
      it('returns every field and every JSON value as it was sent', async () => {
        const sent = valueSets.flatMap(({ values }) => propertyEvents(values));
        const events = sent.map((event, i) => ({
          ...event,
          project: 'round-trip',
          timestamp: new Date(noon + i * 1000).toISOString(),
        }));
        expect(await append(blockOf(events))).toEqual(outcome({ stored: events.length }));
        const found = await collect(store, { project: 'round-trip' });
        expect(found).toEqual(events.map(withoutProject));
      });

      it('keeps every time that the edge takes, from the first to the last, to the millisecond', async () => {
        const project = 'extreme times';
        const times = [
          '1900-01-01T00:00:00.000Z',
          '1900-01-01T00:00:00.001Z',
          '1969-12-31T23:59:59.999Z',
          '1970-01-01T00:00:00.000Z',
          '2038-01-19T03:14:08.001Z',
          '2106-02-07T06:28:16.999Z',
          '2299-12-31T23:59:59.999Z',
        ];
        const events = times.map((timestamp) => makeEvent({ project, timestamp }));
        for (const event of events) expect(parseTimestamp(event.timestamp)).toBe(Date.parse(event.timestamp));
        expect(await append(blockOf(events))).toEqual(outcome({ stored: times.length }));
        expect(await collect(store, { project })).toEqual(events.map(withoutProject));
        for (const event of events) {
          const start = Date.parse(event.timestamp);
          const { events: found } = await store.list({
            filter: { project, start, end: start + 1 },
            order: 'asc',
            limit: 10,
          });
          expect(found).toEqual([withoutProject(event)]);
        }
        const { aggregations } = await store.aggregate({
          filter: { project },
          metric: 'count',
          groupBy: [{ kind: 'field', field: 'timestamp' }],
          limit: 10,
        });
        expect(aggregations).toEqual(Object.fromEntries(times.map((time) => [time, 1])));
      });

      it('finds an event by its id, in its project alone', async () => {
        const event = makeEvent({
          project: 'by-id',
          id: '01890000-0000-7000-8000-00000000ABCD'.toLowerCase(),
        });
        await store.append(blockOf([event]));
        expect(await store.get('by-id', event.id)).toEqual(withoutProject(event));
        expect(await store.get('by-id', event.id.toUpperCase())).toEqual(withoutProject(event));
        expect(await store.get('other', event.id)).toBeNull();
        expect(await store.get('by-id', randomUUID())).toBeNull();
      });

      it('says of many ids which are stored, since when, and with what, in their project alone', async () => {
        const project = 'look-up';
        const events = Array.from({ length: 300 }, (_, i) =>
          makeEvent({
            project,
            received_at: new Date(noon + i).toISOString(),
            timestamp: new Date(noon - i * 60 * minute).toISOString(),
            data: { i },
          }),
        );
        const elsewhere = makeEvent({ project: 'look-up elsewhere' });
        await store.append(blockOf([...events, elsewhere]));
        const unknown = Array.from({ length: 20_000 }, () => randomUUID());
        const asked = [...unknown, elsewhere.id, ...events.map(({ id }) => id)];
        expect(await store.receipts(project, asked)).toEqual(
          new Map(events.map(({ id, received_at }) => [id, Date.parse(received_at)])),
        );
        const byId = (a: Event, b: Event): number => (a.id < b.id ? -1 : 1);
        const found = await store.find(project, [elsewhere.id, ...events.map(({ id }) => id)]);
        expect(found.toSorted(byId)).toEqual(events.map(withoutProject).toSorted(byId));
        expect(await store.receipts(project, [])).toEqual(new Map());
        expect(await store.find(project, [])).toEqual([]);
      });

      it('counts what is stored of a range of ids and a time of receipt, both ends included', async () => {
        const project = 'count received';
        const id = (n: number): string => `0a0b0c0d-0e0f-8000-8000-${String(n).padStart(12, '0')}`;
        const events = Array.from({ length: 200 }, (_, n) =>
          makeEvent({
            project,
            id: id(n),
            received_at: new Date(noon + n).toISOString(),
            timestamp: new Date(noon - n * 60 * minute).toISOString(),
          }),
        );
        await store.append(blockOf([...events, makeEvent({ project: 'count elsewhere', id: id(50) })]));
        const count = (first: number, last: number, from: number, to: number): Promise<number> =>
          store.countReceived({
            project,
            first: id(first),
            last: id(last),
            from: noon + from,
            to: noon + to,
          });
        expect(await count(0, 199, 0, 199)).toBe(200);
        expect(await count(10, 20, 0, 199)).toBe(11);
        expect(await count(0, 199, 30, 30)).toBe(1);
        expect(await count(10, 20, 15, 500)).toBe(6);
        expect(await count(200, 300, 0, 500)).toBe(0);
      });

      it('keeps any JSON object through a generated round trip', async () => {
        const json = fc.dictionary(text(), fc.jsonValue({ depthSize: 'medium' }), { maxKeys: 6 });
        await fc.assert(
          fc.asyncProperty(json, json, async (data, metadata) => {
            const event = makeEvent({ project: 'generated', data: plain(data), metadata: plain(metadata) });
            await store.append(blockOf([event]));
            expect(await store.get('generated', event.id)).toEqual(withoutProject(event));
          }),
          { numRuns: 60 },
        );
      });
    });

    describe('identity', () => {
      it('stores an id once, however often and however it comes', async () => {
        const project = 'identity';
        const first = makeEvent({ project, data: { n: 1 } });
        const elsewhere = makeEvent({ project: 'identity-2', id: first.id });
        expect(await append(blockOf([first, first, elsewhere]))).toEqual(
          outcome({ stored: 2, duplicates: 1 }),
        );
        const again = { ...first, received_at: new Date(noon + 9000).toISOString() };
        expect(await append(blockOf([again]))).toEqual(outcome({ duplicates: 1 }));
        const later = { ...first, timestamp: new Date(noon + 40 * minute).toISOString() };
        const changed = { ...first, data: { n: 2 } };
        expect(await append(blockOf([later, changed, makeEvent({ project })]))).toEqual(
          outcome({ stored: 1, duplicates: 2, conflicts: 2 }),
        );
        expect(await store.get(project, first.id)).toEqual(withoutProject(first));
      });

      it('knows ids of all versions, near and far in time, in a large block', async () => {
        const project = 'identity-large';
        const events = Array.from({ length: 600 }, (_, i) =>
          makeEvent({
            project,
            // UUIDv7, random ids, and UUIDv8 that are neighbours or are not.
            id: [uuidV7(noon + i), randomUUID(), uuidV7(noon + i), uuidV8(i)][i % 4] ?? '',
            timestamp: new Date(noon - i * 60 * minute).toISOString(),
          }),
        );
        expect((await store.append(blockOf(events))).stored).toBe(600);
        expect(await append(blockOf(events))).toEqual(outcome({ duplicates: 600 }));
        const ordered = events.filter((_, i) => i % 2 === 0);
        expect((await store.append(blockOf(ordered))).duplicates).toBe(300);
        const { total } = await store.list({ filter: { project }, order: 'asc', limit: 1 });
        expect(total).toBe(600);
      });

      it('stores a repeated block once when nobody knew that it was repeated', async () => {
        const block = blockOf(
          [makeEvent({ project: 'repeated' }), makeEvent({ project: 'repeated' })],
          false,
        );
        await store.append(block);
        await store.append(block);
        const { total } = await store.list({ filter: { project: 'repeated' }, order: 'asc', limit: 1 });
        expect(total).toBe(2);
      });

      it('remembers after it was opened again', async () => {
        const event = makeEvent({ project: 'reopened' });
        await store.append(blockOf([event]));
        store = await opened.reopen();
        expect(await store.get('reopened', event.id)).toEqual(withoutProject(event));
        expect(await append(blockOf([event]))).toEqual(outcome({ duplicates: 1 }));
      });

      it('refuses a block that is none, and says that repeating it is of no use', async () => {
        const good = blockOf([makeEvent()]);
        await expect(store.append({ ...good, count: 2 })).rejects.toBeInstanceOf(UnstorableBlockError);
        const cut = { ...good, lines: good.lines.subarray(0, -1) };
        await expect(store.append(cut)).rejects.toBeInstanceOf(UnstorableBlockError);
        const short = { lines: Buffer.from('{}\n'), count: 1, mayBeKnown: false };
        await expect(store.append(short)).rejects.toBeInstanceOf(UnstorableBlockError);
        expect(await append({ lines: Buffer.alloc(0), count: 0, mayBeKnown: true })).toEqual(outcome({}));
      });

      it('stores the neighbours of a line that cannot be an event', async () => {
        const project = 'neighbours';
        const events = Array.from({ length: 7 }, () => makeEvent({ project }));
        const lines = events.map((event) => `${formatEventLine(event)}\n`);
        lines[3] = (lines[3] ?? '').replace('"tags":[]', '"tags":5');
        const block = { lines: Buffer.from(lines.join('')), count: 7, mayBeKnown: true };
        expect(await append(block)).toEqual(outcome({ stored: 6, setAside: 1 }));
        const { total } = await store.list({ filter: { project }, order: 'asc', limit: 1 });
        expect(total).toBe(6);
        // The same again: every line is accounted for, and none is twice.
        expect(await append(block)).toEqual(outcome({ duplicates: 6, setAside: 1 }));
      });
    });

    describe.each(valueSets)('filters: $name', ({ name: project, values }) => {
      const events = propertyEvents(values).map((event) => ({ ...event, project }));
      beforeAll(async () => {
        await store.append(blockOf(events));
      });
      const expectSame = async (filter: EventFilter): Promise<void> => {
        const expected = events.filter(({ project, ...event }) => matchesFilter(event, project, filter));
        const { total, events: found } = await store.list({ filter, order: 'asc', limit: 1000 });
        expect(found.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
        expect(total).toBe(expected.length);
      };
      /** Several at a time, as readers come: engines answer them side by side. */
      const expectAllSame = async (filters: readonly EventFilter[]): Promise<void> => {
        for (let start = 0; start < filters.length; start += readersAtOnce)
          await Promise.all(filters.slice(start, start + readersAtOnce).map(expectSame));
      };

      it.each(propertyKeys)(
        'compares the property %j like the plain filter, for every value',
        async (key) => {
          const filters = values.map((value): EventFilter => {
            const texts = typeof value === 'string' ? [value] : [String(value), JSON.stringify(value)];
            return { project, properties: [{ path: [key], values: texts }] };
          });
          await expectAllSame(filters);
        },
      );

      it('treats hostile texts as values wherever a text may stand', async () => {
        for (const hostile of hostileTexts) {
          const one = [hostile];
          await expectAllSame([
            { project: hostile },
            { project, types: one },
            { project, sources: one },
            { project, userIds: one, sessionIds: one, correlationIds: one },
            { project, tags: one },
            { project, properties: [{ path: one, values: one }] },
          ]);
        }
        const { total } = await store.list({ filter: { project }, order: 'asc', limit: 1 });
        expect(total).toBe(events.length);
      });

      it('means the same as the plain filter for generated filters', async () => {
        await fc.assert(
          fc.asyncProperty(
            fc.array(generatedFilter(project, values), {
              minLength: readersAtOnce,
              maxLength: readersAtOnce,
            }),
            expectAllSame,
          ),
          { numRuns: 80 / readersAtOnce },
        );
      });
    });

    describe('lists', () => {
      const project = 'lists';
      const events = Array.from({ length: 250 }, (_, i) =>
        // Ten at the same moment each, so that the id decides.
        makeEvent({
          project,
          timestamp: new Date(noon + Math.floor(i / 10) * 1000).toISOString(),
          data: { i },
        }),
      );
      const inOrder = [...events].sort(
        (a, b) => a.timestamp.localeCompare(b.timestamp) || (a.id < b.id ? -1 : 1),
      );
      beforeAll(async () => {
        await store.append(blockOf(events));
      });

      it.each(['asc', 'desc'] as const)(
        'gives every event once, %s, by page and by position',
        async (order) => {
          const expected = (order === 'asc' ? inOrder : inOrder.toReversed()).map(({ id }) => id);
          const byPage: string[] = [];
          for (let offset = 0; offset < 250; offset += 70) {
            const page = await store.list({ filter: { project }, order, limit: 70, offset });
            expect(page.total).toBe(250);
            byPage.push(...page.events.map(({ id }) => id));
          }
          expect(byPage).toEqual(expected);
          const byPosition: string[] = [];
          let query: EventListQuery = { filter: { project }, order, limit: 33 };
          for (;;) {
            const { events: page, next } = await store.list(query);
            byPosition.push(...page.map(({ id }) => id));
            if (next === null) break;
            query = { ...query, after: next };
          }
          expect(byPosition).toEqual(expected);
        },
      );

      it('exports what it lists', async () => {
        expect((await collect(store, { project })).map(({ id }) => id)).toEqual(inOrder.map(({ id }) => id));
        const some: Event[] = [];
        for await (const page of store.export({ filter: { project }, order: 'desc', limit: 205 }))
          some.push(...page);
        expect(some.map(({ id }) => id)).toEqual(
          inOrder
            .toReversed()
            .slice(0, 205)
            .map(({ id }) => id),
        );
      });

      it('includes the start and excludes the end', async () => {
        const filter = { project, start: noon + 1000, end: noon + 3000 };
        const { total, events: found } = await store.list({ filter, order: 'asc', limit: 100 });
        expect(total).toBe(20);
        expect(new Set(found.map(({ timestamp }) => Date.parse(timestamp)))).toEqual(
          new Set([noon + 1000, noon + 2000]),
        );
      });

      it('stops reading when the signal fires', async () => {
        const signal = AbortSignal.abort(new Error('gone'));
        const query: EventListQuery = { filter: { project }, order: 'asc', limit: 1 };
        await expect(store.list(query, { signal })).rejects.toThrow('gone');
      });
    });

    describeAggregations(() => store);
    describeAudit(() => store);
    describeRetention(
      () => store,
      async () => {
        store = await opened.reopen();
      },
    );
  });
}

const outcome = (some: Partial<AppendResult>): Omit<AppendResult, 'twins'> => ({
  stored: 0,
  textOnly: 0,
  setAside: 0,
  duplicates: 0,
  conflicts: 0,
  ...some,
});

const withoutProject = ({ project: _, ...event }: LineEvent): Event => event;

/** Objects without the keys that a JSON reader in JavaScript would not give back. */
const plain = (value: Record<string, unknown>): Record<string, unknown> => JSON.parse(JSON.stringify(value));

async function collect(store: EventStore, filter: EventFilter): Promise<Event[]> {
  const events: Event[] = [];
  for await (const page of store.export({ filter, order: 'asc' })) events.push(...page);
  return events;
}

function uuidV7(time: number): string {
  const stamp = time.toString(16).padStart(12, '0');
  return `${stamp.slice(0, 8)}-${stamp.slice(8)}-7${randomUUID().slice(15)}`;
}

const uuidV8 = (n: number): string => {
  const family = n % 3 === 0 ? '0badcafe-0000' : randomUUID().slice(0, 13);
  return `${family}-8${n.toString(16).padStart(3, '0')}${randomUUID().slice(18)}`;
};

/** Texts without what the edge refuses: lone surrogates and NUL. */
const text = (): fc.Arbitrary<string> =>
  fc
    .string({ unit: 'grapheme', maxLength: 12 })
    .filter((s) => !s.includes('\0') && s !== '__proto__' && s.isWellFormed());

function generatedFilter(project: string, values: readonly unknown[]): fc.Arbitrary<EventFilter> {
  const some = <T>(...items: T[]) => fc.subarray(items, { minLength: 1 });
  const path: fc.Arbitrary<PropertyPath> = fc.constantFrom<PropertyPath>(
    ['v'],
    ['page'],
    ['status'],
    ['a.b'],
    ['v', 'a', 'b'],
    ['v', 'a.b'],
    ['v', '0'],
    ['page', '0'],
    ['list', '1', 'deep'],
    ['list', '1', 'deep', '2', 'a'],
    ['list', '0'],
    ['0'],
    [''],
    ['missing'],
    ['other'],
  );
  const value = fc.oneof(
    fc.constantFrom(...values.map((item) => (typeof item === 'string' ? item : JSON.stringify(item)))),
    fc.integer({ min: 0, max: 500 }).map(String),
    text(),
  );
  return fc
    .record(
      {
        start: fc.integer({ min: noon - 1000, max: noon + 500_000 }),
        end: fc.integer({ min: noon, max: noon + 600_000 }),
        types: some('error', 'api.response', 'web.click', 'none'),
        sources: some('website', "it's"),
        severities: some('low' as const, 'critical' as const),
        userIds: some('user 1', 'user 2', 'nobody'),
        sessionIds: some('session', 'other'),
        correlationIds: some("c'1"),
        tags: some('a', "b'c", 'none'),
        properties: fc.array(fc.record({ path, values: fc.array(value, { minLength: 1, maxLength: 3 }) }), {
          minLength: 1,
          maxLength: 2,
        }),
      },
      { requiredKeys: [] },
    )
    .map((filter) => ({ project, ...filter }));
}
