import { describe, expect, it } from 'vitest';
import { systemClock } from '../../domain/clock.ts';
import { silentLog } from '../../domain/log.ts';
import { createTestBus, createTestMetrics, createTestStore, deliveryOf, eventOf } from './storage.fixture.ts';
import { createStorage } from './storage.ts';

/** A storage service whose turns the test gives and takes. */
function open() {
  const bus = createTestBus();
  const store = createTestStore();
  const asked: ((lost: AbortSignal) => void)[] = [];
  store.awaitTurn = (signal) =>
    new Promise((resolve, reject) => {
      asked.push(resolve);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  const metrics = createTestMetrics();
  const service = createStorage({
    bus,
    events: store,
    clock: systemClock,
    random: () => 0.5,
    log: silentLog,
    metrics,
    block: { maxRows: 1 },
    stopWithinMs: 1000,
  });
  const giveTurn = async (): Promise<AbortController> => {
    await expect.poll(() => asked.length).toBe(1);
    const lost = new AbortController();
    asked.pop()?.(lost.signal);
    return lost;
  };
  return { bus, store, service, giveTurn };
}

describe('storage where processes take turns', () => {
  it('starts and is well, but takes no deliveries, before it is its turn', async () => {
    const { bus, service } = open();
    await service.start();
    await service.checks.database?.();
    expect(bus.log).toEqual([]);
    expect(service.figures.events_waiting?.()).toBe(0);
    await service.stop();
    expect(bus.log).toEqual([]);
  });

  it('stores in its turn, gives everything back when that is over, and stores again in the next', async () => {
    const { bus, store, service, giveTurn } = open();
    await service.start();
    const lost = await giveTurn();
    await expect.poll(() => bus.log).toEqual(['consume events.storage']);
    const stored = deliveryOf([eventOf(1)]);
    bus.options?.onDelivery(stored);
    await expect.poll(() => stored.answer).toBe('ack');

    let finish = (): void => {};
    store.before = () =>
      new Promise((resolve) => {
        finish = resolve;
      });
    const hanging = deliveryOf([eventOf(2)]);
    const waiting = deliveryOf([eventOf(3)]);
    bus.options?.onDelivery(hanging);
    bus.options?.onDelivery(waiting);
    lost.abort();
    await expect.poll(() => bus.log).toEqual(['consume events.storage', 'pause', 'close']);
    store.before = async () => {};
    finish();

    const next = await giveTurn();
    await expect.poll(() => bus.log.at(-1)).toBe('consume events.storage');
    const again = deliveryOf([eventOf(2)], { redelivered: true });
    bus.options?.onDelivery(again);
    await expect.poll(() => again.answer).toBe('ack');
    expect([hanging.answer, waiting.answer]).toEqual([null, null]);
    expect(next.signal.aborted).toBe(false);
    await service.stop();
    expect(bus.log.slice(-2)).toEqual(['pause', 'close']);
  });

  it('writes what was delivered before it stops', async () => {
    const { bus, service, giveTurn } = open();
    await service.start();
    await giveTurn();
    await expect.poll(() => bus.log).toEqual(['consume events.storage']);
    const delivery = deliveryOf([eventOf(1)]);
    bus.options?.onDelivery(delivery);
    await service.stop();
    expect(delivery.answer).toBe('ack');
  });
});
