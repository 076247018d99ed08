import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { batchNamed, eventually, nameOf, names, Probe, publishNamed } from './bus-probe.contract.ts';
import { deadLetters, describeDeadLetters } from './dead-letters.contract.ts';
import type { Bus, LiveMessage } from './port.ts';

/** Bytes of bodies after which a queue of the suite's buses is full; an implementation may take up to twice as many. */
export const contractQueueBytes = 64 * 1024;

/** One installation of a bus, for one test. */
export interface BusFixture {
  /** Opens the bus on what earlier ones left. Its queues are full at `contractQueueBytes`. */
  open(): Promise<Bus>;
  /** Leaves the bus as a killed process does; it is not used again. */
  crash(bus: Bus): Promise<void>;
  /** Removes the installation; every bus is closed before. */
  remove(): Promise<void>;
}

const refused = { code: 'ServiceUnavailable' };
const ackNow = { answer: (delivery: { ack(): void }) => delivery.ack() };

/** What `Bus` promises, for any implementation. */
export function describeBus(name: string, install: () => Promise<BusFixture>): void {
  describe(`${name} keeps the contract of the bus`, () => {
    let fixture: BusFixture;
    let bus: Bus;
    const open: Bus[] = [];
    const reopen = async (): Promise<Bus> => {
      const opened = await fixture.open();
      open.push(opened);
      return opened;
    };

    beforeEach(async () => {
      fixture = await install();
      bus = await reopen();
    });
    afterEach(async () => {
      for (const opened of open.splice(0)) await opened.close();
      await fixture.remove();
    });

    describe('publishing', () => {
      test('brings headers and body unchanged', async () => {
        const batch = {
          headers: {
            schema: 1 as const,
            project: 'café',
            type: 'custom.edit',
            count: 2,
            client_ids: true,
            traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
            hint: 'kept',
          },
          body: Buffer.from('{"a":"é\u2028"}\n\0\xff\n', 'latin1'),
        };
        await bus.publish([batch]);
        const probe = await (await Probe.on(bus, 'events.storage')).until(1);
        expect(probe.at(0).batch.headers).toEqual(batch.headers);
        expect(probe.at(0).batch.body.equals(batch.body)).toBe(true);
      });

      test('keeps the order, within a publish and from one to the next', async () => {
        const probe = await Probe.on(bus, 'events.storage', ackNow);
        const expected = names('ordered', 300);
        for (let from = 0; from < 300; from += 3) {
          await bus.publish(expected.slice(from, from + 3).map((each) => batchNamed(each)));
        }
        await probe.until(300);
        expect(probe.names).toEqual(expected);
        expect(probe.deliveries.every((delivery) => delivery.attempts === 0)).toBe(true);
      });

      test('takes many publishes at a time, each batch once', async () => {
        const expected = names('concurrent', 200);
        await Promise.all(expected.map((each) => bus.publish([batchNamed(each)])));
        const probe = await Probe.on(bus, 'events.storage', ackNow);
        await probe.until(200);
        expect([...probe.names].sort()).toEqual([...expected].sort());
        expect(new Set(probe.deliveries.map((delivery) => delivery.id)).size).toBe(200);
      });

      test('carries a batch of a megabyte', async () => {
        const body = Buffer.from(`${'y'.repeat(1024 * 1024)}\n`);
        const probe = await Probe.on(bus, 'events.storage', ackNow);
        const large = bus.publish([{ ...batchNamed('large'), body }]);
        // Larger than the queue: an implementation may refuse it, and must not tear it.
        const taken = await large.then(
          () => true,
          () => false,
        );
        if (taken) {
          await probe.until(1);
          expect(probe.at(0).batch.body.equals(body)).toBe(true);
        }
        await bus.publish([batchNamed('after')]);
        await eventually(
          () => probe.deliveries.at(-1) !== undefined && probe.at(-1).batch.body.length < 1000,
          'the next',
        );
        expect(nameOf(probe.at(-1).batch)).toBe('after');
      });

      test('an empty publish is nothing', async () => {
        await bus.publish([]);
        expect((await bus.depth('events.storage')).batches).toBe(0);
      });
    });

    describe('queues', () => {
      test('storage and analytics each get every batch', async () => {
        const storage = await Probe.on(bus, 'events.storage', ackNow);
        const analytics = await Probe.on(bus, 'events.analytics', ackNow);
        await publishNamed(bus, names('both', 20));
        await storage.until(20);
        await analytics.until(20);
        expect(storage.names).toEqual(names('both', 20));
        expect(analytics.names).toEqual(names('both', 20));
      });

      test('consumers of a queue compete: a batch goes to one of them', async () => {
        const first = await Probe.on(bus, 'events.storage', { ...ackNow, prefetchCount: 1 });
        const second = await Probe.on(bus, 'events.storage', { ...ackNow, prefetchCount: 1 });
        await publishNamed(bus, names('shared', 60));
        await eventually(() => first.names.length + second.names.length >= 60, 'all of them');
        expect([...first.names, ...second.names].sort()).toEqual(names('shared', 60).sort());
        expect(first.names.length).toBeGreaterThan(0);
        expect(second.names.length).toBeGreaterThan(0);
      });

      test('no more than prefetchCount batches are unanswered at a time', async () => {
        const probe = await Probe.on(bus, 'events.storage', { prefetchCount: 3 });
        await publishNamed(bus, names('few', 6));
        await probe.until(3);
        await publishNamed(bus, ['later']);
        expect(probe.names).toEqual(names('few', 3));
        probe.at(1).ack();
        await probe.until(4);
        expect(probe.names).toEqual(names('few', 4));
      });

      test('no more than prefetchBytes are unanswered at a time, but one batch always', async () => {
        const probe = await Probe.on(bus, 'events.storage', { prefetchBytes: 2500 });
        await publishNamed(bus, names('wide', 3), 1000);
        await publishNamed(bus, ['huge'], 5000);
        await probe.until(2);
        await publishNamed(bus, ['later']);
        expect(probe.names).toEqual(names('wide', 2));
        for (const position of [0, 1]) probe.at(position).ack();
        await probe.until(3);
        expect(probe.names).toEqual(names('wide', 3));
        probe.at(2).ack();
        await probe.until(4);
        expect(probe.names.at(-1)).toBe('huge');
      });

      test('a paused consumer gets nothing until it resumes', async () => {
        const probe = await Probe.on(bus, 'events.storage', ackNow);
        await publishNamed(bus, ['before']);
        await probe.until(1);
        probe.pause();
        await publishNamed(bus, names('held', 5));
        await eventually(async () => (await bus.depth('events.storage')).batches === 5, 'five wait');
        expect(probe.names).toEqual(['before']);
        probe.resume();
        await probe.until(6);
        expect(probe.names.slice(1)).toEqual(names('held', 5));
      });

      test('depth counts what is not acknowledged, under way or not', async () => {
        await publishNamed(bus, names('deep', 10));
        await eventually(async () => (await bus.depth('events.storage')).batches === 10, 'ten');
        expect((await bus.depth('events.storage')).bytes).toBeGreaterThan(0);
        const probe = await (await Probe.on(bus, 'events.storage', { prefetchCount: 4 })).until(4);
        await eventually(async () => (await bus.depth('events.storage')).batches === 10, 'still ten');
        probe.at(0).ack();
        await eventually(async () => (await bus.depth('events.storage')).batches === 9, 'nine');
        for (let position = 1; position < 10; position++) {
          await probe.until(position + 1);
          probe.at(position).ack();
        }
        await eventually(async () => (await bus.depth('events.storage')).batches === 0, 'none');
      });
    });

    describe('answers', () => {
      test('what is to be retried is delivered again, marked and counted, under the same id', async () => {
        await publishNamed(bus, ['again']);
        const probe = await (await Probe.on(bus, 'events.storage')).until(1);
        const first = probe.at(0);
        expect({ attempts: first.attempts, redelivered: first.redelivered }).toEqual({
          attempts: 0,
          redelivered: false,
        });
        first.retry();
        await probe.until(2);
        const second = probe.at(1);
        expect(nameOf(second.batch)).toBe('again');
        expect(second.id).toBe(first.id);
        expect({ attempts: second.attempts, redelivered: second.redelivered }).toEqual({
          attempts: 1,
          redelivered: true,
        });
      });

      test('only the first answer counts', async () => {
        await publishNamed(bus, names('answered', 2));
        const probe = await (await Probe.on(bus, 'events.storage')).until(2);
        const first = probe.at(0);
        first.ack();
        first.retry();
        first.dead('too late');
        probe.at(1).ack();
        await eventually(async () => (await bus.depth('events.storage')).batches === 0, 'both are done');
        expect(probe.names).toEqual(names('answered', 2));
        expect(await deadLetters(bus)).toEqual([]);
      });

      test('answers may come in any order', async () => {
        await publishNamed(bus, names('mixed', 20));
        const probe = await (await Probe.on(bus, 'events.storage')).until(20);
        for (const delivery of probe.deliveries.slice().reverse()) delivery.ack();
        await eventually(async () => (await bus.depth('events.storage')).batches === 0, 'all are done');
        await bus.close();
        const next = await reopen();
        const later = await Probe.on(next, 'events.storage');
        await publishNamed(next, ['fresh']);
        await later.until(1);
        expect(later.names).toEqual(['fresh']);
      });

      test('a dead batch moves to the dead letters with its reason and is not delivered again', async () => {
        const poison = batchNamed('poison', 300, { traceparent: 'trace' });
        await bus.publish([poison]);
        const before = Date.now();
        const probe = await (await Probe.on(bus, 'events.storage')).until(1);
        probe.at(0).dead('code 117: cannot parse');
        await eventually(async () => (await deadLetters(bus)).length === 1, 'the dead letter');
        await eventually(async () => (await bus.depth('events.storage')).batches === 0, 'it is done');
        await bus.close();
        const next = await reopen();
        const [info] = await deadLetters(next);
        const letter = await next.deadLetters.get('default', info?.id ?? '');
        expect(letter).toMatchObject({ queue: 'events.storage', reason: 'code 117: cannot parse' });
        expect(letter?.batch).toEqual(poison.headers);
        expect(letter?.headers).toEqual(poison.headers);
        expect(letter?.body.equals(poison.body)).toBe(true);
        expect(letter?.at).toBeGreaterThanOrEqual(before - 1000);
        expect({ ...letter, headers: undefined, body: undefined }).toEqual({ ...info });
        const later = await Probe.on(next, 'events.storage');
        await publishNamed(next, ['fresh']);
        await later.until(1);
        expect(later.names).toEqual(['fresh']);
      });

      test('what a consumer left unanswered goes to another, and its late answers are void', async () => {
        await publishNamed(bus, names('left', 5));
        const first = await (await Probe.on(bus, 'events.storage')).until(5);
        first.at(1).ack();
        await eventually(async () => (await bus.depth('events.storage')).batches === 4, 'one is done');
        await first.close();
        first.at(0).ack();
        const second = await (await Probe.on(bus, 'events.storage')).until(4);
        expect([...second.names].sort()).toEqual(['left-0', 'left-2', 'left-3', 'left-4']);
        expect(second.deliveries.every((delivery) => delivery.redelivered)).toBe(true);
      });
    });

    describe('ends', () => {
      test('what was acknowledged to the publisher survives a crash', async () => {
        const expected = names('durable', 50);
        await Promise.all(expected.map((each) => bus.publish([batchNamed(each)])));
        await fixture.crash(bus);
        const next = await reopen();
        const probe = await (await Probe.on(next, 'events.storage')).until(50);
        expect([...probe.names].sort()).toEqual(expected.sort());
      });

      test('what was handed out and not acknowledged comes again after a crash, marked', async () => {
        await publishNamed(bus, names('crashed', 10));
        const before = await (await Probe.on(bus, 'events.storage')).until(10);
        const ids = new Map(before.deliveries.map((delivery) => [nameOf(delivery.batch), delivery.id]));
        await fixture.crash(bus);
        const next = await reopen();
        const after = await (await Probe.on(next, 'events.storage')).until(10);
        expect(after.names).toEqual(names('crashed', 10));
        expect(after.deliveries.every((delivery) => delivery.redelivered)).toBe(true);
        for (const delivery of after.deliveries) expect(delivery.id).toBe(ids.get(nameOf(delivery.batch)));
      });

      test('an orderly close keeps acknowledgements, and what was handed out stays marked', async () => {
        await publishNamed(bus, names('kept', 10));
        const before = await (await Probe.on(bus, 'events.storage', { prefetchCount: 6 })).until(6);
        for (const position of [0, 1, 2]) before.at(position).ack();
        await before.until(9);
        await bus.close();
        const next = await reopen();
        const after = await (await Probe.on(next, 'events.storage')).until(7);
        expect([...after.names].sort()).toEqual(names('kept', 10).slice(3));
        for (const delivery of after.deliveries) {
          if (before.names.includes(nameOf(delivery.batch))) expect(delivery.redelivered).toBe(true);
        }
      });

      test('a closed bus refuses, and closes once', async () => {
        await bus.ping();
        await bus.close();
        await bus.close();
        await expect(bus.publish([batchNamed('late')])).rejects.toMatchObject(refused);
        await expect(bus.ping()).rejects.toMatchObject(refused);
      });
    });

    describe('full queues', () => {
      const fill = async (prefix: string): Promise<string[]> => {
        const taken: string[] = [];
        for (;;) {
          const each = `${prefix}-${taken.length}`;
          try {
            await bus.publish([batchNamed(each, 1000)]);
          } catch (error) {
            expect(error).toMatchObject(refused);
            return taken;
          }
          taken.push(each);
          if (taken.length * 1000 > contractQueueBytes * 4) throw new Error('The queue is never full');
        }
      };

      test('unacknowledged batches of storage hold publishing up, and acknowledgements make room', async () => {
        const first = await fill('full');
        expect(first.length * 1000).toBeGreaterThan(contractQueueBytes / 2);
        await expect(bus.publish([batchNamed('refused', 1000)])).rejects.toMatchObject(refused);
        const probe = await Probe.on(bus, 'events.storage', ackNow);
        await probe.until(first.length);
        await eventually(
          () =>
            bus.publish([batchNamed('room', 1000)]).then(
              () => true,
              () => false,
            ),
          'room again',
        );
        await eventually(() => probe.names.includes('room'), 'the batch that found room');
        // Each acknowledged batch came; of the refused ones some may have been durable all the same.
        expect(probe.names).toEqual(expect.arrayContaining(first));
      });

      test('analytics holds nothing up: it drops its oldest and tells the consumer', async () => {
        const analytics = await Probe.on(bus, 'events.analytics', { prefetchCount: 2 });
        const storage = await Probe.on(bus, 'events.storage', ackNow);
        const count = Math.ceil((contractQueueBytes * 4) / 1000);
        for (const each of names('dropped', count)) {
          await bus.publish([batchNamed(each, 1000)]);
        }
        await storage.until(count);
        await eventually(() => analytics.gaps.length > 0, 'the gap is told');
        analytics.at(0).ack();
        analytics.at(1).ack();
        await analytics.until(4);
        const seen = analytics.names;
        const next = Number(seen.at(2)?.split('-')[1]);
        expect(seen.slice(0, 2)).toEqual(['dropped-0', 'dropped-1']);
        expect(next).toBeGreaterThan(2);
      });
    });

    describeDeadLetters({ bus: () => bus, reopen, crash: (crashed) => fixture.crash(crashed) });

    describe('live messages', () => {
      const message = (routingKey: string): LiveMessage => ({ routingKey, body: Buffer.from(routingKey) });

      test('reach every subscriber whose pattern matches, in order', async () => {
        const got: Record<string, string[]> = { '#': [], 'analytics.*.1m': [], 'analytics.web.#': [] };
        for (const [pattern, list] of Object.entries(got)) {
          await bus.subscribeLive('analytics', pattern, (live) => {
            expect(live.body.toString()).toBe(live.routingKey);
            list.push(live.routingKey);
          });
        }
        const keys = ['analytics.web.1m', 'analytics.api.1m', 'analytics.web', 'analytics.web.1m.a', 'other'];
        for (const key of keys) bus.publishLive('analytics', message(key));
        await eventually(() => got['#']?.length === keys.length, 'all of them');
        await eventually(() => got['analytics.web.#']?.length === 3, 'three of them');
        expect(got).toEqual({
          '#': keys,
          'analytics.*.1m': ['analytics.web.1m', 'analytics.api.1m'],
          'analytics.web.#': ['analytics.web.1m', 'analytics.web', 'analytics.web.1m.a'],
        });
      });

      test('stay on their exchange, and end with the subscription', async () => {
        const alerts: string[] = [];
        const analytics: string[] = [];
        const subscription = await bus.subscribeLive('alerts', '#', (live) => alerts.push(live.routingKey));
        await bus.subscribeLive('analytics', '#', (live) => analytics.push(live.routingKey));
        bus.publishLive('alerts', message('alerts.fired'));
        await eventually(() => alerts.length === 1, 'the alert');
        await subscription.close();
        bus.publishLive('alerts', message('alerts.lost'));
        bus.publishLive('analytics', message('analytics.closed'));
        await eventually(() => analytics.length === 1, 'the other exchange');
        expect(alerts).toEqual(['alerts.fired']);
        expect(analytics).toEqual(['analytics.closed']);
      });
    });
  });
}
