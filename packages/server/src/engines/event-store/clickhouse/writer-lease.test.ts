import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../domain/clock.ts';
import { silentLog } from '../../../domain/log.ts';
import { startTcpProxy, type TcpProxy } from '../../tcp-proxy.fixture.ts';
import { blockOf, makeEvent } from '../event-fixtures.contract.ts';
import type { EventBlock, EventStore } from '../port.ts';
import { createTestBooks } from '../removal-books.fixture.ts';
import { type ChdbServer, startChdbServer } from './chdb-server.fixture.ts';
import { openClickHouseEventStore, type TurnTimes } from './clickhouse-event-store.ts';
import { layoutOf } from './layout.ts';
import { openClickHouseServer } from './server.ts';
import type { Statements } from './statements.ts';
import { WriterLease } from './writer-lease.ts';

const anotherWrites = { code: 'ServiceUnavailable' };

describe('writers of one ClickHouse server', () => {
  let server: ChdbServer;
  let database: string;
  const stores: EventStore[] = [];
  const proxies: TcpProxy[] = [];
  beforeAll(async () => {
    server = await startChdbServer();
  });
  afterAll(() => server.close());
  afterEach(async () => {
    for (const proxy of proxies) proxy.pass();
    await Promise.all(stores.splice(0).map((store) => store.close()));
    await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
  });

  const open = async (
    turns: Partial<TurnTimes> = {},
    at: { readonly host: string; readonly port: number } = server,
  ): Promise<EventStore> => {
    const connection = await openClickHouseServer({
      url: `http://${at.host}:${at.port}`,
      newId: randomUUID,
      log: silentLog,
    });
    const store = await openClickHouseEventStore({
      connection,
      database,
      clock: systemClock,
      log: silentLog,
      turns,
    });
    stores.push(store);
    return store;
  };
  const openThroughProxy = async (turns: Partial<TurnTimes>) => {
    const proxy = await startTcpProxy(server);
    proxies.push(proxy);
    return { proxy, store: await open(turns, proxy) };
  };
  const newDatabase = (): void => {
    database = `db_${randomUUID().replaceAll('-', '')}`;
  };
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  const awaitTurn = async (store: EventStore): Promise<AbortSignal> => {
    if (store.awaitTurn === undefined) throw new Error('There are no turns');
    return store.awaitTurn(AbortSignal.timeout(20_000));
  };

  it('remove in their turn alone, and settle what another began', async () => {
    newDatabase();
    const [first, second] = [await open(), await open()];
    await first.append(blockOf([1, 2].map((n) => makeEvent({ type: 'old', data: { n } }))));
    const retention = { before: null, types: { old: Date.parse(makeEvent().timestamp) + 86_400_000 } };
    const books = createTestBooks();
    await expect(second.remove(retention, books)).rejects.toMatchObject(anotherWrites);
    expect(books.open.size).toBe(0);
    await expect(second.settle(randomUUID())).rejects.toMatchObject(anotherWrites);
    expect((await first.list({ filter: { project: 'default' }, order: 'asc', limit: 1 })).total).toBe(2);
    const died = createTestBooks();
    died.beforeEnd = () => Promise.reject(new Error('died'));
    await expect(first.remove(retention, died)).rejects.toThrow('died');
    await first.close();
    await awaitTurn(second);
    expect(await second.settle([...died.open.keys()][0] ?? '')).toBe(true);
    expect(await second.settle(randomUUID())).toBe(false);
    expect((await second.remove(retention, createTestBooks())).events).toBe(0);
  });

  it('take turns: one at a time, the next as soon as one closes', async () => {
    newDatabase();
    const [first, second] = [await open(), await open()];
    const block = blockOf([makeEvent()]);
    await first.append(block);
    await expect(second.append(block)).rejects.toMatchObject(anotherWrites);
    const turn = awaitTurn(second);
    await first.append(blockOf([makeEvent()]));
    await first.close();
    expect((await turn).aborted).toBe(false);
    expect(await second.append(block)).toMatchObject({ stored: 0, duplicates: 1, conflicts: 0 });
  });

  it('read whosever turn it is', async () => {
    newDatabase();
    const [first, second] = [await open(), await open()];
    const event = makeEvent();
    await first.append(blockOf([event]));
    expect((await second.get('default', event.id))?.id).toBe(event.id);
    await second.ping();
  });

  it('hold on to their turn while they live', async () => {
    newDatabase();
    const times = { leaseMs: 900, marginMs: 200 };
    const [first, second] = [await open(times), await open(times)];
    const turn = await awaitTurn(first);
    await wait(2000);
    await expect(second.append(blockOf([makeEvent()]))).rejects.toMatchObject(anotherWrites);
    expect(turn.aborted).toBe(false);
  });

  it('lose it when they are cut off, and are told so when another has it', async () => {
    newDatabase();
    // Longer than a busy machine holds this process up.
    const times = { leaseMs: 3000, marginMs: 500 };
    const { proxy, store: first } = await openThroughProxy(times);
    const second = await open(times);
    const block = blockOf([makeEvent()]);
    const lost = await awaitTurn(first);
    await first.append(block);
    proxy.refuse();
    await awaitTurn(second);
    const other = blockOf([makeEvent()]);
    await second.append(other);
    proxy.pass();
    await expect(first.append(other)).rejects.toMatchObject(anotherWrites);
    expect(lost.aborted).toBe(true);
    expect(await second.append(block)).toMatchObject({ duplicates: 1 });
  });

  it('never store an id twice, however the turns change', async () => {
    newDatabase();
    const times = { leaseMs: 600, marginMs: 200 };
    const writers = await Promise.all([1, 2, 3].map(() => openThroughProxy(times)));
    const blocks: EventBlock[] = Array.from({ length: 12 }, () =>
      blockOf(Array.from({ length: 50 }, () => makeEvent({ project: 'turns' }))),
    );
    let changes = 0;
    let running = true;
    const disturb = async (): Promise<void> => {
      for (let n = 0; running; n++) {
        const proxy = writers[n % writers.length]?.proxy;
        proxy?.refuse();
        await wait(1000);
        proxy?.pass();
        await wait(100);
      }
    };
    const write = async (store: EventStore): Promise<void> => {
      let wasMine = false;
      for (const block of blocks) {
        for (;;) {
          try {
            await store.append(block);
            if (!wasMine) changes += 1;
            wasMine = true;
            break;
          } catch (error) {
            expect(error).toMatchObject(anotherWrites);
            wasMine = false;
            await wait(50);
          }
        }
        await wait(150);
      }
      await store.close();
    };
    const disturbing = disturb();
    await Promise.all(writers.map(({ store }) => write(store)));
    running = false;
    await disturbing;
    expect(changes).toBeGreaterThan(3);
    const counted = await (await open()).list({ filter: { project: 'turns' }, order: 'asc', limit: 1000 });
    expect(counted.total).toBe(600);
    expect(new Set(counted.events.map(({ id }) => id)).size).toBe(600);
  });
});

describe('the lease of a writer', () => {
  interface Claim {
    readonly number: number;
    readonly holder: string;
    readonly at: number;
  }

  /** ClickHouse as far as the lease knows it: claims, of which the first of a number stays, and what runs. */
  function fakeServer() {
    const claims = new Map<number, Claim>();
    const state = { running: 0, killed: 0, now: 0, hold: Promise.resolve() };
    const statements: Pick<Statements, 'rows' | 'command' | 'insert'> = {
      async rows(sql, parameters) {
        await state.hold;
        const newest = Math.max(0, ...claims.keys());
        if (sql.includes('system.processes')) return [{ running: state.running }];
        const found = claims.get(sql.includes('ORDER BY number DESC') ? newest : Number(parameters.number));
        return found === undefined ? [] : [{ ...found, newest, age: state.now - found.at }];
      },
      async command(sql) {
        if (sql.startsWith('KILL')) state.killed += 1;
      },
      async insert(_sql, data) {
        await state.hold;
        const { number, holder }: { number: number; holder: string } = JSON.parse(data.toString());
        if (!claims.has(number)) claims.set(number, { number, holder, at: state.now });
      },
    };
    const lease = (holder: string) =>
      new WriterLease({
        statements: { ...statements, ping: async () => {}, close: async () => {} },
        layout: layoutOf(null),
        database: 'streamflow',
        holder,
        leaseMs: 10_000,
        marginMs: 1000,
        insertMs: 400,
        log: silentLog,
      });
    return { claims, state, lease };
  }

  it('is had by one of all that ask at the same moment', async () => {
    const { lease } = fakeServer();
    const leases = Array.from({ length: 8 }, (_, n) => lease(`holder ${n}`));
    const outcomes = await Promise.allSettled(leases.map((one) => one.hold()));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await Promise.all(leases.map((one) => one.close(true)));
  });

  it('begins when no insert of another writer runs any more, and ends those that do', async () => {
    const { state, lease } = fakeServer();
    state.running = 1;
    const one = lease('one');
    const held = one.hold();
    await expect.poll(() => state.killed).toBeGreaterThan(1);
    state.running = 0;
    const term = await held;
    one.check(term);
    await one.close(true);
  });

  it('does not begin while such an insert cannot be ended', async () => {
    const { state, lease } = fakeServer();
    state.running = 1;
    const one = lease('one');
    await expect(one.hold()).rejects.toMatchObject(anotherWrites);
    await one.close(true);
  });

  it('begins a new term when another had it in between', async () => {
    const { claims, state, lease } = fakeServer();
    const [one, other] = [lease('one'), lease('other')];
    const first = await one.hold();
    state.now += 10_000;
    await other.hold();
    await other.close(true);
    await expect(one.hold().then(() => one.check(first))).resolves.toBeUndefined();
    // One still believes in its time; its renewal finds what happened.
    claims.set(100, { number: 100, holder: '', at: state.now });
    await one.close(true);
  });

  it('is not given back while an insert may be on its way', async () => {
    const { claims, lease } = fakeServer();
    const one = lease('one');
    await one.hold();
    await one.close(false);
    expect([...claims.values()].at(-1)?.holder).toBe('one');
  });

  it('is not won by a claim so late that its number is forgotten', async () => {
    const { claims, state, lease } = fakeServer();
    let go = (): void => {};
    const slow = lease('slow');
    const last = slow.hold();
    state.hold = new Promise((resolve) => {
      go = resolve;
    });
    for (const number of [1, 2, 3]) claims.set(number, { number, holder: 'quick', at: 0 });
    claims.delete(1);
    go();
    await expect(last).rejects.toMatchObject(anotherWrites);
    await slow.close(true);
  });
});
