import { formatEventLine } from '@streamflow/contracts';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { canUseServer, serverName, startTestProxy } from '../../postgres/test-database.fixture.ts';
import { blockOf, makeEvent, minute, noon } from '../event-fixtures.contract.ts';
import { createTestBooks } from '../removal-books.fixture.ts';
import { createTestStores, settableClock, type TestStores } from './postgres-event-store.fixture.ts';

const day = 24 * 60 * minute;
const unavailable = { code: 'ServiceUnavailable' };
const at = (time: number) => new Date(time).toISOString();

if (await canUseServer()) {
  describe('the event store on PostgreSQL', () => {
    let stores: TestStores;
    beforeEach(async () => {
      stores = await createTestStores();
    });
    afterEach(() => stores.close());
    const partitions = async (): Promise<string[]> => {
      const rows = await stores.database.query(
        `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'events'::regclass order by 1`,
      );
      return rows.map(({ name }) => String(name));
    };

    it('makes partitions on demand for several replicas that come with the same old events', async () => {
      const clock = settableClock(noon);
      const replicas = await Promise.all([1, 2, 3].map(() => stores.open({ clock })));
      const events = Array.from({ length: 1000 }, (_, month) =>
        makeEvent({ timestamp: at(Date.UTC(1944, month, 3)) }),
      );
      const results = await Promise.all(replicas.map((store) => store.append(blockOf(events))));
      expect(results.reduce((total, { stored }) => total + stored, 0)).toBe(1000);
      expect(await partitions()).toHaveLength(81 + 28);
      expect(await partitions()).toContain('events_2026_05');
      const { events: found } = await (await stores.open({ clock })).list({
        filter: { project: 'default' },
        order: 'asc',
        limit: 1000,
      });
      expect(found.map(({ id }) => id)).toEqual(events.map(({ id }) => id));
    });

    it('indexes properties in partitions old and new where it is told to', async () => {
      const clock = settableClock(noon);
      await (await stores.open({ clock })).append(
        blockOf([makeEvent({ data: { page: '/a', n: { m: 1 } } })]),
      );
      const open = () => stores.open({ clock, indexProperties: true });
      const [store] = await Promise.all([open(), open()]);
      const later = makeEvent({ timestamp: at(Date.UTC(2024, 3)), data: { page: '/a', n: [{ m: 1 }] } });
      await store.append(blockOf([later]));
      await open();
      const indexes = await stores.database.query(
        `select indrelid::regclass::text as partition from pg_index join pg_inherits on inhrelid = indexrelid
         where inhparent = 'events_properties'::regclass and indisvalid order by 1`,
      );
      expect(indexes.map(({ partition }) => partition)).toEqual(await partitions());
      const whole = await stores.database.query(
        `select indisvalid from pg_index where indexrelid = 'events_properties'::regclass`,
      );
      expect(whole).toEqual([{ indisvalid: true }]);
      const pages = { project: 'default', properties: [{ path: ['page'], values: ['/a'] }] };
      expect((await store.list({ filter: pages, order: 'asc', limit: 1 })).total).toBe(2);
      const nested = { project: 'default', properties: [{ path: ['n', 'm'], values: ['1'] }] };
      expect((await store.list({ filter: nested, order: 'asc', limit: 1 })).total).toBe(1);
    });

    it('stores what PostgreSQL cannot read by itself as it came, and loses no neighbour', async () => {
      const store = await stores.open();
      const odd = [{ nul: 'a\u0000b' }, { huge: Number.MAX_VALUE }, { plain: 1 }];
      const events = odd.map((data) => makeEvent({ data }));
      const lineWith = (json: string) =>
        formatEventLine(makeEvent({ data: { number: 'HERE' } })).replace('"HERE"', () => json);
      const deepest = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
      const readable = [...events.map(formatEventLine), ...['"\\ud800"', '1e400', '1e200000'].map(lineWith)];
      const never = [
        lineWith(deepest),
        formatEventLine(makeEvent({ timestamp: '0000-01-01T00:00:00.000Z' })),
      ];
      const lines = [...readable, ...never].map((line) => `${line}\n`);
      const block = { lines: Buffer.from(lines.join('')), count: lines.length, mayBeKnown: true };
      expect(await store.append(block)).toMatchObject({
        stored: readable.length,
        setAside: never.length,
        duplicates: 0,
        conflicts: 0,
      });
      for (const { id, data } of events) expect((await store.get('default', id))?.data).toEqual(data);
      const aside = () => stores.database.query('select reason from unreadable_event_lines');
      expect(await aside()).toHaveLength(never.length);
      expect(await store.append(block)).toMatchObject({
        stored: 0,
        setAside: never.length,
        duplicates: readable.length,
        conflicts: 0,
      });
      expect(await aside()).toHaveLength(never.length);
      expect(await stores.differences()).toEqual([]);
      const filter = { project: 'default' };
      const sum = await store.aggregate({ filter, metric: 'sum', field: ['number'], groupBy: [], limit: 1 });
      expect(sum.total).toBeNull();
      const groups = await store.aggregate({
        filter,
        metric: 'count',
        groupBy: [{ kind: 'property', path: ['nul'] }],
        limit: 5,
      });
      expect(groups.total).toBe(readable.length);
    });

    it('adds numbers beyond what a double holds without failing', async () => {
      const store = await stores.open();
      const values = [Number.MAX_VALUE, Number.MAX_VALUE, 1];
      await store.append(blockOf(values.map((value) => makeEvent({ data: { value } }))));
      const query = { filter: { project: 'default' }, field: ['value'], groupBy: [], limit: 1 } as const;
      expect((await store.aggregate({ ...query, metric: 'sum' })).total).toBeNull();
      expect((await store.aggregate({ ...query, metric: 'max' })).total).toBe(Number.MAX_VALUE);
    });

    it('forgets ids beyond the horizon, and still knows an event by its id and time', async () => {
      const clock = settableClock(Date.now());
      const store = await stores.open({ clock });
      const event = makeEvent();
      await store.append(blockOf([event]));
      const moved = { ...event, timestamp: at(noon + minute) };
      await store.maintain();
      expect(await store.append(blockOf([moved]))).toMatchObject({ stored: 0, duplicates: 1, conflicts: 1 });
      clock.set(Date.now() + 8 * day);
      await store.maintain();
      expect(await stores.database.query('select from event_ids')).toHaveLength(0);
      expect(await store.get('default', event.id)).not.toBeNull();
      const changed = { ...event, data: { changed: true } };
      expect(await store.append(blockOf([changed, makeEvent()]))).toMatchObject({
        stored: 1,
        duplicates: 1,
        conflicts: 1,
      });
      expect(await stores.differences()).toEqual([]);
    });

    it('removes old events by partition and by type, with what the roll-ups say of them, for good', async () => {
      const clock = settableClock(noon);
      const store = await stores.open({ clock });
      const events = Array.from({ length: 400 }, (_, i) =>
        makeEvent({
          timestamp: at(noon - i * 0.25 * day),
          type: i % 3 === 0 ? 'error' : 'metric',
          user_id: `user ${i % 11}`,
        }),
      );
      await store.append(blockOf(events));
      const before = noon - 45 * day;
      const removed = await store.remove({ before, types: { error: noon - 20 * day } }, createTestBooks());
      const startOfDay = (time: number) => time - (time % day);
      const kept = events.filter(({ timestamp, type }) => {
        const time = Date.parse(timestamp);
        return time >= startOfDay(type === 'error' ? noon - 20 * day : before);
      });
      expect(removed.events).toBe(400 - kept.length);
      expect(removed.partitions).toEqual(['events_2026_02', 'events_2026_03']);
      const listed = await store.list({ filter: { project: 'default' }, order: 'desc', limit: 500 });
      expect(listed.total).toBe(kept.length);
      expect(listed.events.map(({ id }) => id)).toEqual(kept.map(({ id }) => id));
      expect(await stores.differences()).toEqual([]);
      expect((await store.append(blockOf(events))).stored).toBe(0);
      const late = makeEvent({ timestamp: at(noon - 90 * day) });
      expect((await store.append(blockOf([late]))).stored).toBe(1);
      expect(
        (await store.remove({ before: null, types: { metric: noon } }, createTestBooks())).events,
      ).toBeGreaterThan(0);
      expect((await store.remove({ before: null }, createTestBooks())).events).toBe(0);
      expect(await stores.differences()).toEqual([]);
    });

    it('stores while old events are removed, and the roll-ups stay exact', async () => {
      const clock = settableClock(noon);
      const [writer, remover] = await Promise.all([stores.open({ clock }), stores.open({ clock })]);
      let writing = true;
      const appended = (async () => {
        for (let round = 0; round < 60; round += 1) {
          const events = Array.from({ length: 24 }, (_, i) =>
            makeEvent({
              timestamp: at(noon - (1 + (i % 3)) * day + ((round * 7 + i) % 40) * 15 * minute),
              type: i % 4 === 0 ? 'error' : 'metric',
              user_id: `user ${(i + round) % 12}`,
            }),
          );
          await writer.append(blockOf(events));
        }
        writing = false;
      })();
      let removed = 0;
      while (writing) {
        removed += (await remover.remove({ before: null, types: { error: noon } }, createTestBooks())).events;
        await remover.maintain();
      }
      await appended;
      expect(removed).toBeGreaterThan(0);
      expect(await stores.differences()).toEqual([]);
    });

    it('removes nothing while an append is under way', async () => {
      const clock = settableClock(noon);
      const [writer, remover] = await Promise.all([stores.open({ clock }), stores.open({ clock })]);
      const time = at(noon - 2 * day);
      await writer.append(blockOf([makeEvent({ timestamp: time, type: 'error', user_id: 'somebody' })]));
      const late = makeEvent({ timestamp: time, user_id: 'somebody' });
      const waiting = async (locktype: string): Promise<number> => {
        const rows = await stores.database.query('select from pg_locks where locktype = $1 and not granted', [
          locktype,
        ]);
        return rows.length;
      };
      // Somebody has taken the id and not committed: the append waits in its middle.
      const hold = stores.database.query(
        `begin; insert into event_ids (project, id, timestamp) values ('default', '${late.id}', now());
         select pg_sleep(2); rollback`,
      );
      await expect
        .poll(
          async () =>
            (
              await stores.database.query(
                `select from pg_locks where mode = 'RowExclusiveLock' and relation = 'event_ids'::regclass`,
              )
            ).length,
        )
        .toBe(1);
      const appended = writer.append(blockOf([late]));
      await expect.poll(() => waiting('transactionid'), { interval: 10 }).toBe(1);
      const removed = remover.remove({ before: null, types: { error: noon } }, createTestBooks());
      await expect.poll(() => waiting('advisory'), { interval: 10 }).toBe(1);
      await hold;
      expect(await appended).toMatchObject({ stored: 1 });
      expect(await removed).toMatchObject({ events: 1 });
      expect(await stores.differences()).toEqual([]);
    });

    it('says at once that it is away, and stores again as soon as PostgreSQL is back', async () => {
      const proxy = await startTestProxy();
      const store = await stores.open({ url: proxy.urlFor(stores.database.url) });
      const block = blockOf([makeEvent()]);
      proxy.refuse();
      const startedAt = performance.now();
      await expect(store.append(block)).rejects.toMatchObject(unavailable);
      await expect(store.ping()).rejects.toMatchObject(unavailable);
      await expect(store.history({ filter: { project: 'default' }, interval: minute })).rejects.toMatchObject(
        unavailable,
      );
      expect(performance.now() - startedAt).toBeLessThan(2000);
      proxy.restore();
      await store.ping();
      expect((await store.append(block)).stored).toBe(1);
      await proxy.close();
    });

    it('bounds a read in time, and ends it in the server when nobody waits for it', async () => {
      const clock = settableClock(noon);
      const store = await stores.open({ clock, statementTimeoutMs: 300 });
      await store.append(blockOf([makeEvent({ user_id: 'somebody' })]));
      // A reader waits for whoever holds the table, as it would for a long scan.
      const hold = stores.database.query(`begin; lock table events; select pg_sleep(1.5); commit`);
      const reading = async () =>
        stores.database.query(
          `select from pg_stat_activity where application_name = 'streamflow test' and state = 'active'
           and datname = current_database()`,
        );
      await expect
        .poll(
          async () =>
            (
              await stores.database.query(
                `select from pg_locks where mode = 'AccessExclusiveLock' and relation = 'events'::regclass and granted`,
              )
            ).length,
        )
        .toBe(1);
      const filter = { project: 'default', userIds: ['somebody'] };
      await expect(store.list({ filter, order: 'asc', limit: 1 })).rejects.toMatchObject(unavailable);
      const gone = new AbortController();
      const patient = await stores.open({ clock, statementTimeoutMs: 20_000 }).catch(() => null);
      const query = { filter, metric: 'count', groupBy: [], limit: 1 } as const;
      const asked = (patient ?? store).aggregate(query, { signal: gone.signal });
      const refused = expect(asked).rejects.toThrow('gone');
      gone.abort(new Error('gone'));
      await refused;
      await expect.poll(async () => (await reading()).length).toBe(0);
      await hold;
      expect((await store.list({ filter, order: 'asc', limit: 1 })).total).toBe(1);
    });
  });
} else {
  describe('the event store on PostgreSQL', () => {
    test.skip(`needs a PostgreSQL server at ${serverName}`, () => {});
  });
}
