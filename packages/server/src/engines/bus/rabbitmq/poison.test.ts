import { eventLineLayout } from '@streamflow/contracts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../../domain/clock.ts';
import { unavailable } from '../../../domain/errors.ts';
import { silentLog } from '../../../domain/log.ts';
import { openTestRecords, type TestRecords } from '../../../ledger/test-records.fixture.ts';
import {
  createTestMetrics,
  createTestStore,
  deliveryOf,
  eventOf,
} from '../../../services/storage/storage.fixture.ts';
import { createStorage } from '../../../services/storage/storage.ts';
import { UnstorableBlockError } from '../../event-store/port.ts';
import { eventually, Probe } from '../bus-probe.contract.ts';
import { deadLetters } from '../dead-letters.contract.ts';
import type { Bus } from '../port.ts';
import { describeWithBroker, Installation } from './broker.fixture.ts';

await describeWithBroker('what cannot be stored, on RabbitMQ', () => {
  let installation: Installation;
  let bus: Bus;
  let records: TestRecords;

  beforeEach(async () => {
    installation = new Installation({ deliveryLimit: 3 });
    bus = await installation.open();
    records = await openTestRecords(systemClock);
  });
  afterEach(async () => {
    await bus.close();
    await records.close();
    await installation.remove();
  });

  const storing = (store: ReturnType<typeof createTestStore>) =>
    createStorage({
      bus,
      events: store,
      records: records.store,
      clock: systemClock,
      random: () => 0,
      log: silentLog,
      metrics: createTestMetrics(),
    });
  const publishEvents = async (from: number, count: number): Promise<void> => {
    for (let n = from; n < from + count; n++) await bus.publish([deliveryOf([eventOf(n)]).batch]);
  };

  test('a message that fails alone three times is a dead letter with its reason, and takes no neighbour with it', async () => {
    const poison = eventOf(7).id;
    const store = createTestStore();
    let alone = 0;
    store.before = async (_block, ids) => {
      if (!ids.includes(poison)) return;
      if (ids.length === 1) alone++;
      throw new UnstorableBlockError('It cannot be stored');
    };
    await publishEvents(0, 20);
    const storage = storing(store);
    await storage.start();
    await eventually(() => store.events.size === 19, 'its neighbours');
    await eventually(async () => (await bus.depth('events.dead')).batches === 1, 'the dead letter');
    await eventually(async () => (await bus.depth('events.storage')).batches === 0, 'nothing waits');
    await storage.stop();
    expect(alone).toBe(3);
    const [letter] = await deadLetters(bus);
    expect(letter?.reason).toBe('the event store refused it 3 times, alone');
    const { body } = (await bus.deadLetters.get('default', letter?.id ?? '')) ?? { body: Buffer.alloc(0) };
    expect(body.toString('latin1', eventLineLayout.id.start, eventLineLayout.id.end)).toBe(poison);
  });

  test('a store that is away for many tries uses up no deliveries', async () => {
    const store = createTestStore();
    let tries = 0;
    store.before = async () => {
      if (tries++ < 6) throw unavailable('The store is away');
    };
    await publishEvents(0, 10);
    const storage = storing(store);
    await storage.start();
    await eventually(() => store.events.size === 10, 'all of them');
    await storage.stop();
    expect(tries).toBeGreaterThan(6);
    // The first block, tried until it is stored; what comes behind it was never tried before.
    expect(store.appended.slice(0, 7).map(({ mayBeKnown }) => mayBeKnown)).toEqual([
      false,
      ...Array(6).fill(true),
    ]);
    expect(await deadLetters(bus)).toEqual([]);
  });

  test('a batch that is delivered too often is given up by the broker, with that reason', async () => {
    await publishEvents(0, 1);
    await Probe.on(bus, 'events.storage', { answer: (delivery) => delivery.retry() });
    await eventually(async () => (await bus.depth('events.dead')).batches === 1, 'the dead letter');
    const [letter] = await deadLetters(bus);
    expect(letter).toMatchObject({ reason: 'broker: delivery_limit', queue: 'events.storage' });
    expect(letter?.at).toBeGreaterThan(Date.now() - 60_000);
    expect(letter?.batch).toMatchObject({ count: 1, type: 'web.click' });
  });

  test('what is none of ours is a dead letter that can be seen, replayed and dropped', async () => {
    const headers = { schema: 2, project: 'default', type: 'web.click', count: 1, client_ids: false };
    const sent: [Record<string, unknown>, string][] = [
      [{}, 'garbage'],
      [headers, 'of a later version\n'],
      [{ ...headers, schema: 1, count: 2 }, 'one line\n'],
      [{ when: 0.5, 'dead-end': [1, { a: null }] }, ''],
    ];
    const consumed = await Probe.on(bus, 'events.storage', { answer: (delivery) => delivery.ack() });
    const exchange = installation.topology.events;
    const foreign = installation.others.createPublisher({ confirm: true });
    for (const [each, body] of sent) {
      await foreign.send({ exchange, routingKey: 'events.web.click', headers: each }, Buffer.from(body));
    }
    await foreign.close();
    await eventually(async () => (await bus.depth('events.dead')).batches === sent.length, 'dead letters');
    expect(consumed.names).toEqual([]);
    const letters = await deadLetters(bus);
    const byBody = new Map<string, { id: string; reason: string; headers: unknown }>();
    for (const { id, reason, batch } of letters) {
      const letter = await bus.deadLetters.get('default', id);
      byBody.set(letter?.body.toString() ?? '', { id, reason, headers: letter?.headers });
      expect(batch).toBeNull();
    }
    expect(byBody.get('garbage')?.reason).toMatch(/^headers/);
    expect(byBody.get('of a later version\n')).toMatchObject({
      reason: expect.stringContaining('schema'),
      headers,
    });
    expect(byBody.get('one line\n')?.reason).toBe('body: 1 lines where the headers say 2');
    expect(byBody.get('')?.headers).toEqual({ when: 0.5, 'dead-end': [1, { a: null }] });
    // Replayed before anybody understands it, it is here again.
    const later = byBody.get('of a later version\n')?.id ?? '';
    expect(await bus.deadLetters.replay('default', later)).not.toBeNull();
    await eventually(
      async () =>
        (await deadLetters(bus)).length === sent.length &&
        (await bus.deadLetters.get('default', later)) === null,
      'the letter again, under another id',
    );
    for (const { id } of await deadLetters(bus)) await bus.deadLetters.drop('default', id);
    expect(await deadLetters(bus)).toEqual([]);
  });

  test('several processes look at the same time, and each sees all', async () => {
    await publishEvents(0, 30);
    const probe = await Probe.on(bus, 'events.storage', { answer: (delivery) => delivery.dead('no') });
    await eventually(async () => (await bus.depth('events.dead')).batches === 30, 'dead letters');
    await probe.close();
    const other = await installation.open();
    const lists = await Promise.all([bus, other, bus, other].map((each) => deadLetters(each)));
    for (const list of lists) expect(list).toEqual(lists[0]);
    expect(lists[0]).toHaveLength(30);
    // Each letter is replayed by one of two who try.
    const replayed = await Promise.all(
      (lists[0] ?? [])
        .slice(0, 5)
        .flatMap(({ id }) => [bus, other].map((each) => each.deadLetters.replay('default', id))),
    );
    expect(replayed.filter((letter) => letter !== null)).toHaveLength(5);
    expect((await bus.depth('events.storage')).batches).toBe(5);
    await other.close();
  });

  test('a process that dies while it looks hides nothing for long', async () => {
    await publishEvents(0, 3);
    const probe = await Probe.on(bus, 'events.storage', { answer: (delivery) => delivery.dead('no') });
    await eventually(async () => (await bus.depth('events.dead')).batches === 3, 'dead letters');
    await probe.close();
    const other = await installation.open();
    const proxy = installation.proxy(other);
    proxy.delay(20);
    const looking = deadLetters(other).catch(() => []);
    await eventually(async () => (await bus.depth('events.dead')).batches < 3, 'a letter in its hands');
    proxy.refuse();
    await looking;
    expect(await deadLetters(bus)).toHaveLength(3);
    await other.close();
  });
});
