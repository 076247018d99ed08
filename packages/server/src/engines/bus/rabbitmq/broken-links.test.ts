import { afterEach, beforeEach, expect, test } from 'vitest';
import { batchNamed, eventually, nameOf, names, Probe, publishNamed } from '../bus-probe.contract.ts';
import type { Bus } from '../port.ts';
import { describeWithBroker, Installation } from './broker.fixture.ts';
import type { TcpProxy } from './tcp-proxy.fixture.ts';

const refused = { code: 'ServiceUnavailable' };
const publishTimeoutMs = 400;

/** Methods of AMQP's connection class, number 10. */
const blocked = 60;
const unblocked = 61;

/** A frame in which the broker says something about the connection; of its arguments one short string. */
function connectionFrame(method: number, text?: string): Buffer {
  const argument = text === undefined ? '' : String.fromCharCode(text.length) + text;
  const frame = Buffer.alloc(7 + 4 + argument.length + 1);
  frame.writeUInt8(1, 0);
  frame.writeUInt32BE(4 + argument.length, 3);
  frame.writeUInt16BE(10, 7);
  frame.writeUInt16BE(method, 9);
  frame.write(argument, 11, 'latin1');
  frame.writeUInt8(0xce, frame.length - 1);
  return frame;
}

await describeWithBroker('RabbitMQ behind a link that breaks', () => {
  let installation: Installation;
  let bus: Bus;
  let proxy: TcpProxy;

  beforeEach(async () => {
    // The broker itself is quick to nack a full queue; here it has room.
    const room = { storageMaxBytes: 1 << 26, analyticsMaxBytes: 1 << 26 };
    installation = new Installation({ ...room, reconnectMs: { first: 20, most: 100 } });
    bus = await installation.open();
    await bus.close();
    bus = await installation.open({ publishTimeoutMs, heartbeatSeconds: 2 });
    proxy = installation.proxy(bus);
  });
  afterEach(async () => {
    await bus.close();
    await installation.remove();
  });

  /** Milliseconds that it takes to be refused. */
  const refusal = async (name: string): Promise<number> => {
    const started = performance.now();
    await expect(bus.publish([batchNamed(name)])).rejects.toMatchObject({
      ...refused,
      retryAfter: expect.any(Number),
    });
    return performance.now() - started;
  };
  const publishesAgain = (name: string): Promise<void> =>
    eventually(
      () =>
        bus.publish([batchNamed(name)]).then(
          () => true,
          () => false,
        ),
      'publishing again',
    );

  test('a black hole is noticed within the publish timeout, then refused at once, and mended by itself', async () => {
    const probe = await Probe.on(bus, 'events.storage', { answer: (delivery) => delivery.ack() });
    await publishNamed(bus, names('before', 3));
    proxy.blackHole();
    expect(await refusal('lost')).toBeLessThan(publishTimeoutMs + 400);
    await eventually(async () => (await refusal('at-once')) < publishTimeoutMs / 4, 'refusing at once');
    proxy.heal();
    await publishesAgain('after');
    await eventually(() => probe.names.includes('after'), 'the batch after');
    expect(probe.names).toEqual(expect.arrayContaining([...names('before', 3), 'after']));
  });

  test('nothing acknowledged is lost over resets, and what was handed out comes again, marked', async () => {
    const acknowledged: string[] = [];
    const stored = new Set<string>();
    let again = 0;
    await Probe.on(bus, 'events.storage', {
      prefetchCount: 50,
      answer: (delivery) => {
        const name = nameOf(delivery.batch);
        if (delivery.redelivered) again++;
        // What is known already and comes unmarked would be stored twice.
        else expect(stored).not.toContain(name);
        setTimeout(() => {
          stored.add(name);
          delivery.ack();
        }, 20);
      },
    });
    let running = true;
    const publishing = Array.from({ length: 8 }, async (_, loop) => {
      for (let n = 0; running; n++) {
        const name = `${loop}-${n}`;
        const taken = await bus.publish([batchNamed(name)]).then(
          () => true,
          () => false,
        );
        if (taken) acknowledged.push(name);
        else await new Promise((done) => setTimeout(done, 10));
      }
    });
    for (let round = 0; round < 3; round++) {
      const count = acknowledged.length;
      await eventually(() => acknowledged.length > count + 100, 'publishing between resets');
      proxy.reset();
    }
    const count = acknowledged.length;
    await eventually(() => acknowledged.length > count + 100, 'publishing after the resets');
    running = false;
    await Promise.all(publishing);
    await eventually(() => acknowledged.every((name) => stored.has(name)), 'all that was acknowledged');
    expect(again).toBeGreaterThan(0);
    expect(proxy.accepted).toBeGreaterThanOrEqual(8);
  });

  test('a slow link is slow, and nothing worse', async () => {
    proxy.delay(50);
    await Promise.all(names('slow', 50).map((each) => bus.publish([batchNamed(each)])));
    expect((await bus.depth('events.storage')).batches).toBe(50);
  });

  test('a broker that cannot be reached is refused at once, and used as soon as it is back', async () => {
    proxy.refuse();
    await eventually(async () => (await refusal('away')) < publishTimeoutMs / 4, 'refusing at once');
    await expect(bus.ping()).rejects.toMatchObject(refused);
    const probing = bus.depth('events.storage');
    await expect(probing).rejects.toMatchObject(refused);
    proxy.heal();
    await publishesAgain('back');
    await bus.ping();
  });

  test('a blocked broker is answered at once, for what waits and for what comes, until it takes messages again', async () => {
    await bus.publish([batchNamed('before')]);
    proxy.blackHole();
    const waiting = refusal('waiting');
    proxy.inject(connectionFrame(blocked, 'low on memory'));
    expect(await waiting).toBeLessThan(publishTimeoutMs / 2);
    expect(await refusal('comes')).toBeLessThan(publishTimeoutMs / 4);
    await expect(bus.publish([batchNamed('told')])).rejects.toThrow('low on memory');
    expect(installation.logged('critical')).toContain('RabbitMQ takes no messages');
    proxy.inject(connectionFrame(unblocked));
    proxy.heal();
    await publishesAgain('after');
  });

  test('no more than so many bytes wait for their confirm', async () => {
    await bus.close();
    bus = await installation.open({ publishTimeoutMs: 5000, inFlightBytes: 10_000 });
    installation.proxy(bus).blackHole();
    const waiting = Promise.allSettled(
      names('waits', 9).map((each) => bus.publish([batchNamed(each, 1000)])),
    );
    await expect(bus.publish([batchNamed('too-much', 2000)])).rejects.toThrow('does not keep up');
    await expect(bus.publish([batchNamed('too-much', 2000)])).rejects.toMatchObject(refused);
    installation.proxy(bus).heal();
    for (const { status } of await waiting) expect(status).toBe('fulfilled');
    await bus.publish([batchNamed('one is always taken', 20_000)]);
  });

  test('a silent broker is taken as gone after the heartbeat, without a publish', async () => {
    proxy.blackHole();
    await eventually(
      () => installation.logged('error').includes('The connection to RabbitMQ that publishes was lost'),
      'the loss',
    );
  });
});
