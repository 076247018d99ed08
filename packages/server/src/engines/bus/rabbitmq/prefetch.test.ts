import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { batchNamed, eventually, names, Probe } from '../bus-probe.contract.ts';
import type { Bus } from '../port.ts';
import { describeWithBroker, Installation } from './broker.fixture.ts';
import { Prefetch } from './prefetch.ts';

const noted = (prefetch: Prefetch, bytes: number, times: number): boolean[] =>
  Array.from({ length: times }, () => prefetch.note(bytes)).filter((changed) => changed);

describe('how many messages a broker may send ahead', () => {
  test('follows the size of bodies, within the most', () => {
    const prefetch = new Prefetch({ count: 1000, bytes: 1_000_000 });
    expect(prefetch.count).toBe(256);
    expect(noted(prefetch, 20_000, 500).length).toBeGreaterThan(0);
    expect(prefetch.count).toBeLessThan(100);
    expect(prefetch.count).toBeGreaterThanOrEqual(50);
    noted(prefetch, 100, 500);
    expect(prefetch.count).toBeGreaterThanOrEqual(500);
    noted(prefetch, 5_000_000, 1000);
    expect(prefetch.count).toBe(1);
  });

  test('is not told again while it hardly changes', () => {
    const prefetch = new Prefetch({ count: 1000, bytes: 1_000_000 });
    noted(prefetch, 10_000, 1000);
    expect(noted(prefetch, 9_000, 1000)).toEqual([]);
  });
});

await describeWithBroker('a consumer of RabbitMQ', () => {
  let installation: Installation;
  let bus: Bus;
  beforeEach(async () => {
    installation = new Installation({ storageMaxBytes: 1 << 26, analyticsMaxBytes: 1 << 26 });
    bus = await installation.open();
  });
  afterEach(async () => {
    await bus.close();
    await installation.remove();
  });

  test('is sent about as many bytes ahead as it asks for, whatever the size of batches, each once', async () => {
    const count = 600;
    await bus.publish(names('large', count).map((each) => batchNamed(each, 20_000)));
    const probe = await Probe.on(bus, 'events.storage', { prefetchBytes: 400_000, prefetchCount: 1000 });
    const queue = installation.topology.queue('events.storage');
    const state = () => installation.others.queueDeclare({ queue, passive: true });
    // The first guess, 256, was sent; then, to a consumer in its place, some 20.
    await eventually(async () => (await state()).messageCount <= count - 256 - 15, 'another consumer');
    for (let done = 0; done < 300; done++) {
      await probe.until(done + 1);
      probe.at(done).ack();
    }
    await probe.until(320);
    expect(probe.names).toEqual(names('large', 320));
    expect((await state()).messageCount).toBeGreaterThan(count - 300 - 60);
    for (let position = 300; position < count; position++) {
      await probe.until(position + 1);
      probe.at(position).ack();
    }
    await eventually(async () => (await bus.depth('events.storage')).batches === 0, 'all are done');
    expect(probe.names).toEqual(names('large', count));
  });
});
