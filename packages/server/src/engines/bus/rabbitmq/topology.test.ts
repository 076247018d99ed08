import { afterEach, beforeEach, expect, test } from 'vitest';
import { batchNamed, eventually, Probe } from '../bus-probe.contract.ts';
import type { Bus } from '../port.ts';
import { describeWithBroker, Installation } from './broker.fixture.ts';

const refused = { code: 'ServiceUnavailable' };
const lookMs = 50;

await describeWithBroker('what RabbitMQ must have', () => {
  let installation: Installation;
  let bus: Bus;

  beforeEach(async () => {
    installation = new Installation();
    bus = await installation.open({ lookMs });
  });
  afterEach(async () => {
    await bus.close();
    await installation.remove();
  });

  const publishes = (name: string): Promise<boolean> =>
    bus.publish([batchNamed(name)]).then(
      () => true,
      (error: unknown) => {
        expect(error).toMatchObject(refused);
        return false;
      },
    );

  test('other arguments than a queue has fail the start with the queue, the argument, and what to do', async () => {
    const queue = installation.topology.queue('events.storage');
    const start = installation.open({ deliveryLimit: 7 });
    await expect(start).rejects.toMatchObject(refused);
    await expect(start).rejects.toThrow(queue);
    await expect(start).rejects.toThrow(/x-delivery-limit.*'7'.*'1000'/);
    await expect(start).rejects.toThrow(`rabbitmqctl delete_queue ${queue}`);
  });

  test('a storage queue that someone removes is refused until it is there again, and consumed again', async () => {
    const probe = await Probe.on(bus, 'events.storage', { answer: (delivery) => delivery.ack() });
    await bus.publish([batchNamed('before')]);
    await probe.until(1);
    await installation.others.queueDelete(installation.topology.queue('events.storage'));
    await eventually(
      () =>
        installation
          .logged('critical')
          .includes('The storage queue is gone from RabbitMQ; nothing is taken until it is declared again'),
      'the look',
    );
    await eventually(() => publishes('after'), 'publishing again');
    await eventually(() => probe.names.includes('after'), 'consuming again');
  });

  test('without any queue bound a publish is refused, and the bindings come back', async () => {
    const { events, queue } = installation.topology;
    for (const name of ['events.storage', 'events.analytics'] as const) {
      await installation.others.queueUnbind({ queue: queue(name), exchange: events, routingKey: 'events.#' });
    }
    // The look may have been quicker.
    const taken = await publishes('unbound');
    await eventually(() => publishes('bound'), 'publishing again');
    const probe = await (await Probe.on(bus, 'events.storage')).until(taken ? 2 : 1);
    expect(probe.names).toEqual(taken ? ['unbound', 'bound'] : ['bound']);
  });

  test('a storage binding that someone removes is back at the next look', async () => {
    const { events, queue } = installation.topology;
    await installation.others.queueUnbind({
      queue: queue('events.storage'),
      exchange: events,
      routingKey: 'events.#',
    });
    await bus.ping();
    await bus.publish([batchNamed('bound')]);
    await (await Probe.on(bus, 'events.storage')).until(1);
  });

  test('an exchange that someone removes closes the link, and is declared again on the next', async () => {
    await installation.others.exchangeDelete({ exchange: installation.topology.events });
    await eventually(() => publishes('after'), 'publishing again');
    await (await Probe.on(bus, 'events.storage')).until(1);
  });

  test('exchanges are named as configured', async () => {
    const exchanges = { events: 'in', analytics: 'out', alerts: 'bells' };
    const named = await installation.open({ exchanges });
    await named.publish([batchNamed('named')]);
    await (await Probe.on(named, 'events.storage')).until(1);
    await named.close();
    for (const name of Object.values(exchanges)) {
      const exchange = `${installation.prefix}${name}`;
      await installation.others.exchangeDeclare({ exchange, type: 'topic', durable: true, passive: true });
      await installation.others.exchangeDelete({ exchange });
    }
  });
});
