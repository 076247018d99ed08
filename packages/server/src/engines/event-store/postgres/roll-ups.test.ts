import { setTimeout as sleep } from 'node:timers/promises';
import type { LineEvent } from '@streamflow/contracts';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { StreamFlowError } from '../../../domain/errors.ts';
import { isErrorEvent } from '../../../domain/queries/matches-filter.ts';
import { canUseServer, serverName, startTestProxy } from '../../postgres/test-database.fixture.ts';
import { blockOf, makeEvent, minute, noon } from '../event-fixtures.contract.ts';
import type { AppendResult, EventBlock } from '../port.ts';
import { createTestStores, settableClock, type TestStores } from './postgres-event-store.fixture.ts';
import type { PostgresEventStore } from './postgres-event-store.ts';

const day = 24 * 60 * minute;

if (await canUseServer()) {
  describe('roll-ups in PostgreSQL', () => {
    let stores: TestStores;
    beforeEach(async () => {
      stores = await createTestStores();
    });
    afterEach(() => stores.close());
    const countEvents = async () =>
      (await stores.database.query('select count(*)::integer as events from events'))[0]?.events;

    it('equal a recount after many writers stored the same, other and faulty events in any order', async () => {
      const events = drawEvents(1200);
      const clock = settableClock(noon + 10 * day);
      const writers = await Promise.all([1, 2, 3, 4].map(() => stores.open({ clock })));
      const results = await Promise.all(
        writers.map(async (store, w) => {
          const mine: AppendResult[] = [];
          for (const part of parts(rotate(events, w * 300), 150)) {
            const changed = part.map((event, i) =>
              i % 10 === w ? { ...event, data: { changed: w } } : event,
            );
            const spoiled =
              w === 1 ? [...changed, makeEvent({ type: 'error', data: { nul: '\0' } })] : changed;
            mine.push(await store.append(blockOf(w % 2 === 0 ? spoiled.toReversed() : spoiled)));
            if (w === 3) await store.maintain();
          }
          return mine;
        }),
      );
      const all = results.flat();
      const spoiled = 1200 / 150;
      expect(sum(all, 'stored')).toBe(1200 + spoiled);
      expect(sum(all, 'duplicates')).toBe(3 * 1200);
      expect(sum(all, 'conflicts')).toBeGreaterThan(0);
      expect(await countEvents()).toBe(1200 + spoiled);
      expect(await stores.differences()).toEqual([]);
    });

    it('equal a recount after connections and the link died in the middle of appends', async () => {
      const events = drawEvents(1500);
      const proxy = await startTestProxy();
      const store = await stores.open({ url: proxy.urlFor(stores.database.url) });
      let failures = 0;
      let done = false;
      const trouble = (async () => {
        // So many times and no more: on a slow machine no append would ever come to its end in between.
        for (let round = 0; !done && round < 30; round += 1) {
          await sleep(5 + (round % 5) * 10);
          if (round % 2 === 0) {
            await stores.database.query(
              `select pg_terminate_backend(pid) from pg_stat_activity
               where datname = current_database() and application_name = 'streamflow test'`,
            );
          } else {
            proxy.refuse();
            proxy.restore();
          }
          // Also a time without trouble, or nothing would ever be stored.
          await sleep(failures % 3 === 0 ? 150 : 20);
        }
      })();
      for (const part of parts(events, 100)) {
        const stored = await appendAtLast(store, blockOf(part), () => {
          failures += 1;
        });
        expect(stored.stored + stored.duplicates).toBe(100);
      }
      done = true;
      await trouble;
      await proxy.close();
      // How often the trouble met an append is up to the machine.
      expect(failures).toBeGreaterThan(0);
      expect(await countEvents()).toBe(1500);
      expect(await stores.differences()).toEqual([]);
    });

    it('are moved together without any change of what they say', async () => {
      const clock = settableClock(noon);
      const store = await stores.open({ clock });
      const events = drawEvents(400);
      for (const part of parts(events, 40)) await store.append(blockOf(part));
      clock.set(noon + 10 * day);
      await Promise.all([store.maintain(), (await stores.open({ clock })).maintain()]);
      await store.maintain();
      const left = await stores.database.query('select from event_minute_deltas');
      expect(left).toHaveLength(0);
      expect(await stores.differences()).toEqual([]);
      // An event that comes late adds to what was moved.
      await store.append(blockOf([makeEvent({ ...events[0], id: makeEvent().id })]));
      await store.maintain();
      expect(await stores.differences()).toEqual([]);
    });

    it('answer any range and interval as the events do', async () => {
      const clock = settableClock(noon + 3 * day);
      const store = await stores.open({ clock });
      const events = [...drawEvents(900), ...drawEvents(60, Date.UTC(1969, 11, 31, 20))];
      const project = 'default';
      await store.append(blockOf(events.slice(0, 500)));
      await store.maintain();
      await store.append(blockOf(events.slice(500)));
      const moment = fc.oneof(
        fc.integer({ min: noon - day, max: noon + 4 * day }),
        fc.integer({ min: -5, max: 15 }).map((quarters) => noon + quarters * 15 * minute),
        fc.constantFrom(0, noon - (noon % day), noon, noon + minute),
      );
      const interval = fc
        .constantFrom(1, 7, 15, 60, 180, 360, 1440, 2880, 10_080)
        .map((minutes) => minutes * minute);
      const from = fc.option(moment, { nil: undefined });
      await fc.assert(
        fc.asyncProperty(from, from, interval, fc.boolean(), async (start, end, interval, byType) => {
          const filter = {
            project,
            ...(start === undefined ? {} : { start }),
            ...(end === undefined ? {} : { end }),
            ...(byType ? { types: ['error', 'metric'] } : {}),
          };
          const inside = events.filter(({ timestamp, type }) => {
            const time = Date.parse(timestamp);
            return (
              time >= (start ?? time) && time < (end ?? time + 1) && (!byType || filter.types?.includes(type))
            );
          });
          expect(await store.history({ filter, interval })).toEqual(recountHistory(inside, interval));
          const { total } = await store.list({ filter, order: 'asc', limit: 1 });
          expect(total).toBe(inside.length);
          const byTypes = await store.aggregate({
            filter,
            metric: 'count',
            groupBy: [{ kind: 'field', field: 'type' }],
            limit: 10,
          });
          expect(byTypes.total).toBe(inside.length);
          const types = new Map<string, number>();
          for (const { type } of inside) types.set(type, (types.get(type) ?? 0) + 1);
          expect(byTypes.aggregations).toEqual(Object.fromEntries(types));
        }),
        { numRuns: 60 },
      );
    });
  });
} else {
  describe('roll-ups in PostgreSQL', () => {
    test.skip(`needs a PostgreSQL server at ${serverName}`, () => {});
  });
}

/** Events of some days, more of them around the beginning. */
function drawEvents(count: number, start = noon - 6 * 60 * minute): LineEvent[] {
  return Array.from({ length: count }, (_, i) =>
    makeEvent({
      timestamp: new Date(start + ((i * i * 3571) % (count * 200_000))).toISOString(),
      type: ['web.click', 'error', 'api.response', 'metric'][i % 4] ?? 'error',
      severity: i % 3 === 0 ? 'high' : 'low',
      user_id: i % 5 === 0 ? null : `user ${i % 37}`,
      data: i % 8 === 2 ? { status: 503 } : { status: '500', n: i },
    }),
  );
}

function recountHistory(events: readonly LineEvent[], interval: number) {
  const buckets = new Map<number, LineEvent[]>();
  for (const event of events) {
    const start = Math.floor(Date.parse(event.timestamp) / interval) * interval;
    const members = buckets.get(start);
    if (members === undefined) buckets.set(start, [event]);
    else members.push(event);
  }
  return [...buckets]
    .sort(([first], [second]) => first - second)
    .map(([timestamp, members]) => ({
      timestamp,
      events: members.length,
      uniqueUsers: new Set(members.flatMap(({ user_id }) => user_id ?? [])).size,
      errors: members.filter(isErrorEvent).length,
    }));
}

const parts = <T>(items: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));

const rotate = <T>(items: readonly T[], by: number): T[] => [...items.slice(by), ...items.slice(0, by)];

const sum = (results: readonly AppendResult[], key: 'stored' | 'duplicates' | 'conflicts'): number =>
  results.reduce((total, result) => total + result[key], 0);

/** As storage does it: the same block again for as long as the store says that it is away. */
async function appendAtLast(
  store: PostgresEventStore,
  block: EventBlock,
  onFailure: () => void,
): Promise<AppendResult> {
  for (;;) {
    try {
      return await store.append(block);
    } catch (error) {
      if (!(error instanceof StreamFlowError) || error.code !== 'ServiceUnavailable') throw error;
      onFailure();
    }
  }
}
