import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { unavailable } from '../../domain/errors.ts';
import { silentLog } from '../../domain/log.ts';
import { UnstorableBlockError } from '../../engines/event-store/port.ts';
import type { BlockWriter } from './block-writer.ts';
import { createBlockWriter } from './block-writer.ts';
import type { TestDelivery, TestLedger, TestMetrics, TestStore } from './storage.fixture.ts';
import {
  createTestLedger,
  createTestMetrics,
  createTestStore,
  deliveryOf,
  eventOf,
} from './storage.fixture.ts';

const commitMs = 8;
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

let store: TestStore;
let metrics: TestMetrics;
let ledger: TestLedger;
let consumption: string[];
let writer: BlockWriter;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.UTC(2026, 0, 1, 12) });
  store = createTestStore();
  store.before = () => wait(commitMs);
  metrics = createTestMetrics();
  ledger = createTestLedger();
  consumption = [];
  writer = writerWith({});
});
afterEach(() => {
  vi.useRealTimers();
  expect(store.misjudged).toEqual([]);
});

function writerWith(limits: { maxRows?: number; maxBytes?: number }): BlockWriter {
  return createBlockWriter({
    store,
    enter: (entries) => ledger.enter(entries),
    clock: { now: () => Date.now() },
    random: () => 0.5,
    log: silentLog,
    metrics,
    limits: { maxRows: 100, maxBytes: 1_000_000, maxWaitMs: 200, ...limits },
    onAway: () => consumption.push('pause'),
    onBack: () => consumption.push('resume'),
  });
}

let made = 0;
function deliver(events = 1, options: Parameters<typeof deliveryOf>[1] = {}): TestDelivery {
  const receivedAt = new Date().toISOString();
  const delivery = deliveryOf(
    Array.from({ length: events }, () => eventOf(++made, { received_at: receivedAt })),
    options,
  );
  writer.take(delivery);
  return delivery;
}

const answers = (deliveries: readonly TestDelivery[]) => deliveries.map(({ answer }) => answer);

describe('gathering', () => {
  it('writes a lone event at once', async () => {
    const delivery = deliver();
    await vi.advanceTimersByTimeAsync(commitMs + 1);
    expect(delivery.answer).toBe('ack');
    expect(metrics.ages).toEqual([commitMs / 1000]);
  });

  it('puts deliveries of the same turn into one block', async () => {
    const deliveries = [deliver(), deliver(), deliver(3)];
    await vi.advanceTimersByTimeAsync(commitMs + 1);
    expect(answers(deliveries)).toEqual(['ack', 'ack', 'ack']);
    expect(store.blocks.map((ids) => ids.length)).toEqual([5]);
  });

  it('lets the store rest nine times as long as it worked while blocks are small', async () => {
    writer = writerWith({ maxRows: 100_000 });
    const started = Date.now();
    while (Date.now() < started + 1000) {
      deliver();
      await vi.advanceTimersByTimeAsync(10);
    }
    await vi.advanceTimersByTimeAsync(200);
    expect(store.events.size).toBe(100);
    // 8 ms of work and 72 ms of rest: twelve or thirteen commits in a second.
    expect(store.blocks.length).toBeGreaterThanOrEqual(12);
    expect(store.blocks.length).toBeLessThanOrEqual(14);
    expect(Math.max(...metrics.ages)).toBeLessThanOrEqual(0.1);
  });

  it('lets a slow store rest 100 ms, and no event wait for 200', async () => {
    writer = writerWith({ maxRows: 100_000 });
    store.before = () => wait(150);
    deliver();
    await vi.advanceTimersByTimeAsync(150);
    const second = deliver();
    await vi.advanceTimersByTimeAsync(99);
    expect(store.appended).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(store.appended).toHaveLength(2);
    deliver();
    await vi.advanceTimersByTimeAsync(199);
    expect(second.answer).toBe('ack');
    expect(store.appended).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(store.appended).toHaveLength(3);
  });

  it('writes a block as soon as it is full, one append at a time, and keeps the order', async () => {
    let running = 0;
    let most = 0;
    store.before = async () => {
      most = Math.max(most, ++running);
      await wait(50);
      running--;
    };
    const deliveries = Array.from({ length: 50 }, () => deliver(10));
    await vi.advanceTimersByTimeAsync(5 * 51);
    expect(store.blocks.map((ids) => ids.length)).toEqual([100, 100, 100, 100, 100]);
    expect(store.blocks.flat()).toEqual([...store.blocks.flat()].sort());
    expect(new Set(answers(deliveries))).toEqual(new Set(['ack']));
    expect(most).toBe(1);
  });

  it('bounds a block in bytes, and takes a larger batch alone', async () => {
    writer = writerWith({ maxBytes: 2500 });
    const deliveries = [deliver(1), deliver(30), deliver(1), deliver(1)];
    await vi.advanceTimersByTimeAsync(1000);
    expect(store.blocks.map((ids) => ids.length)).toEqual([1, 30, 2]);
    expect(new Set(answers(deliveries))).toEqual(new Set(['ack']));
  });

  it('tells how many events wait and how old the oldest is', async () => {
    expect([writer.waitingRows(), writer.oldestAgeMs()]).toEqual([0, 0]);
    store.before = () => wait(50);
    deliver(2);
    await vi.advanceTimersByTimeAsync(20);
    deliver(3);
    expect([writer.waitingRows(), writer.oldestAgeMs()]).toEqual([5, 20]);
    await vi.advanceTimersByTimeAsync(500);
    expect([writer.waitingRows(), writer.oldestAgeMs()]).toEqual([0, 0]);
  });

  it('does not wait longer when the wall clock is set back', async () => {
    deliver();
    await vi.advanceTimersByTimeAsync(2);
    const delivery = deliver();
    vi.setSystemTime(Date.now() - 3_600_000);
    await vi.advanceTimersByTimeAsync(200 + 2 * commitMs);
    expect(delivery.answer).toBe('ack');
  });
});

describe('identity', () => {
  it.each([
    [{}, false],
    [{ clientIds: true }, true],
    [{ redelivered: true }, true],
  ])('says of a batch with %j that its ids may be known: %s', async (options, mayBeKnown) => {
    deliver();
    deliver(1, options);
    await vi.advanceTimersByTimeAsync(100);
    expect(store.appended.map((block) => block.mayBeKnown)).toEqual([mayBeKnown]);
  });

  it('stores a batch that is delivered twice once', async () => {
    const events = [eventOf(1_000_001), eventOf(1_000_002)];
    const deliveries = [deliveryOf(events), deliveryOf(events, { redelivered: true })];
    for (const delivery of deliveries) writer.take(delivery);
    await vi.advanceTimersByTimeAsync(100);
    expect(store.events.size).toBe(2);
    expect(answers(deliveries)).toEqual(['ack', 'ack']);
    expect(metrics.totals.redelivered).toBe(1);
  });
});

describe('a store that is away', () => {
  it('gets the same block again, as one that may be known, when it is back', async () => {
    let calls = 0;
    store.before = async () => {
      calls++;
      if (Date.now() < back) throw unavailable('away');
    };
    store.pinging = async () => {
      if (Date.now() < back) throw unavailable('away');
    };
    const back = Date.now() + 60_000;
    const deliveries = [deliver(), deliver()];
    await vi.advanceTimersByTimeAsync(59_000);
    deliveries.push(deliver());
    expect(answers(deliveries)).toEqual([null, null, null]);
    expect(consumption).toEqual(['pause']);
    expect(calls).toBe(1);
    await vi.advanceTimersByTimeAsync(7000);
    expect(answers(deliveries)).toEqual(['ack', 'ack', 'ack']);
    expect(store.appended.map((block) => [block.count, block.mayBeKnown])).toEqual([
      [2, false],
      [2, true],
      [1, false],
    ]);
    expect(consumption).toEqual(['pause', 'resume']);
  });

  it('is not spun on when it answers pings but refuses blocks, as with a full disk', async () => {
    store.before = () => Promise.reject(unavailable('disk full'));
    const delivery = deliver();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(store.appended.length).toBeLessThan(25);
    store.before = () => wait(commitMs);
    await vi.advanceTimersByTimeAsync(6000);
    expect(delivery.answer).toBe('ack');
  });

  it('does not condemn a batch for what a broken store says', async () => {
    store.before = () => Promise.reject(new Error('socket hang up'));
    store.pinging = () => Promise.reject(new Error('connection refused'));
    const delivery = deliver();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(delivery.answer).toBeNull();
    store.before = () => wait(commitMs);
    store.pinging = () => wait(1);
    await vi.advanceTimersByTimeAsync(6000);
    expect(delivery.answer).toBe('ack');
  });

  it('leaves no event twice when the answer was lost after the block was stored', async () => {
    let lost = false;
    store.after = async () => {
      if (!lost) {
        lost = true;
        throw unavailable('connection lost');
      }
    };
    const deliveries = [deliver(), deliver(2)];
    await vi.advanceTimersByTimeAsync(1000);
    expect(answers(deliveries)).toEqual(['ack', 'ack']);
    expect(store.events.size).toBe(3);
    expect(metrics.totals).toEqual({ stored: 0, duplicates: 3, redelivered: 0, dead: 0 });
  });
});

describe('a batch that cannot be stored', () => {
  it.each([
    ['says so', () => new UnstorableBlockError('bad row')],
    ['says anything else', () => new TypeError('unexpected')],
  ])('goes to the dead letters alone when the store %s', async (_how, failure) => {
    const deliveries = Array.from({ length: 90 }, () => deliver());
    const poison = deliveries[37];
    const poisonId = poison?.id ?? '';
    let alone = 0;
    store.before = async (block, ids) => {
      await wait(1);
      if (!ids.includes(poisonId)) return;
      if (block.count === 1) alone++;
      throw failure();
    };
    await vi.advanceTimersByTimeAsync(5000);
    expect(poison?.answer).toBe('dead');
    expect(poison?.reason).toContain('3 times');
    expect(alone).toBe(3);
    expect(deliveries.filter(({ answer }) => answer === 'ack')).toHaveLength(89);
    expect(store.events.size).toBe(89);
    expect(metrics.totals.dead).toBe(1);
    expect(store.appended.length).toBeLessThan(25);
  });

  it('leaves no event twice when the block was stored before it failed', async () => {
    let failed = false;
    store.after = async () => {
      if (!failed) {
        failed = true;
        throw new TypeError('unexpected');
      }
    };
    const deliveries = [deliver(), deliver(2), deliver()];
    await vi.advanceTimersByTimeAsync(1000);
    expect(answers(deliveries)).toEqual(['ack', 'ack', 'ack']);
    expect(metrics.totals).toEqual({ stored: 0, duplicates: 4, redelivered: 0, dead: 0 });
  });

  it('is stored after all when the failure passes', async () => {
    let calls = 0;
    store.before = async () => {
      if (++calls < 3) throw new Error('a hiccup');
    };
    const delivery = deliver();
    await vi.advanceTimersByTimeAsync(1000);
    expect(delivery.answer).toBe('ack');
    expect(store.appended.map((block) => block.mayBeKnown)).toEqual([false, true, true]);
  });

  it('does not keep later batches waiting for ever', async () => {
    const poison = deliver();
    store.before = async (_block, ids) => {
      if (ids.includes(poison.id)) throw new UnstorableBlockError('bad row');
    };
    await vi.advanceTimersByTimeAsync(10);
    const later = deliver();
    await vi.advanceTimersByTimeAsync(2000);
    expect([poison.answer, later.answer]).toEqual(['dead', 'ack']);
  });
});

describe('stopping', () => {
  it('writes what was delivered without waiting for more', async () => {
    deliver();
    await vi.advanceTimersByTimeAsync(commitMs + 1);
    const deliveries = [deliver(), deliver(), deliver()];
    const stopped = writer.stop(5000);
    await vi.advanceTimersByTimeAsync(commitMs + 1);
    await stopped;
    expect(answers(deliveries)).toEqual(['ack', 'ack', 'ack']);
  });

  it('finishes several blocks under load', async () => {
    const deliveries = Array.from({ length: 35 }, () => deliver(10));
    const stopped = writer.stop(5000);
    await vi.advanceTimersByTimeAsync(4 * (commitMs + 1));
    await stopped;
    expect(store.events.size).toBe(350);
    expect(new Set(answers(deliveries))).toEqual(new Set(['ack']));
  });

  it('takes no longer than it may, and answers nothing afterwards', async () => {
    store.before = () => wait(60_000);
    const deliveries = [deliver(), deliver()];
    await vi.advanceTimersByTimeAsync(5);
    deliveries.push(deliver());
    const stopped = writer.stop(5000);
    await vi.advanceTimersByTimeAsync(5000);
    await stopped;
    deliveries.push(deliver());
    await vi.advanceTimersByTimeAsync(120_000);
    expect(answers(deliveries)).toEqual([null, null, null, null]);
    expect(store.appended).toHaveLength(1);
  });

  it('does not wait for a store that is away', async () => {
    store.before = () => Promise.reject(unavailable('away'));
    store.pinging = () => Promise.reject(unavailable('away'));
    const deliveries = [deliver(), deliver()];
    await vi.advanceTimersByTimeAsync(50);
    deliveries.push(deliver());
    const before = Date.now();
    const stopped = writer.stop(5000);
    await vi.advanceTimersByTimeAsync(0);
    await stopped;
    expect(Date.now()).toBe(before);
    expect(answers(deliveries)).toEqual([null, null, null]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('condemns nothing in a hurry', async () => {
    store.before = () => Promise.reject(new UnstorableBlockError('bad row'));
    const delivery = deliver();
    await vi.advanceTimersByTimeAsync(5);
    const stopped = writer.stop(5000);
    await vi.advanceTimersByTimeAsync(10);
    await stopped;
    expect(delivery.answer).toBeNull();
  });
});

describe('what clients send again', () => {
  const received = (ms: number): string => new Date(Date.UTC(2026, 0, 1, 12) + ms).toISOString();
  const send = (n: number, ms: number, options: Parameters<typeof deliveryOf>[1] = {}): TestDelivery => {
    const id = `message ${ms}`;
    const delivery = deliveryOf([eventOf(n, { received_at: received(ms) })], {
      clientIds: true,
      id,
      ...options,
    });
    writer.take(delivery);
    return delivery;
  };

  it('is entered by minute of receipt before it is acknowledged', async () => {
    send(1, 10);
    await vi.advanceTimersByTimeAsync(500);
    let enter = (): void => {};
    ledger.before = () => new Promise((resolve) => (enter = resolve));
    const again = send(1, 60_010);
    await vi.advanceTimersByTimeAsync(500);
    expect(again.answer).toBeNull();
    enter();
    await vi.advanceTimersByTimeAsync(1);
    expect(again.answer).toBe('ack');
    const [entry] = ledger.entries.values();
    expect(entry).toMatchObject({ project: 'default', entry: 'duplicates' });
    expect(entry?.lines).toEqual(new Map([[Date.UTC(2026, 0, 1, 12, 1), 1]]));
  });

  it('is told from what is delivered again by its time of receipt', async () => {
    send(1, 10);
    await vi.advanceTimersByTimeAsync(500);
    const redelivered = send(1, 10, { redelivered: true });
    await vi.advanceTimersByTimeAsync(500);
    expect(redelivered.answer).toBe('ack');
    expect(ledger.lines()).toBe(0);
  });

  it('is noticed at the same time of receipt too, when it cannot have been delivered before', async () => {
    send(1, 10);
    send(1, 10, { id: 'from another replica' });
    await vi.advanceTimersByTimeAsync(500);
    expect(ledger.lines()).toBe(1);
  });

  it('is not what comes back from the dead letters after a while, under another id of the bus', async () => {
    send(1, 10);
    await vi.advanceTimersByTimeAsync(60_010);
    const replayed = send(1, 10, { id: 'replayed' });
    await vi.advanceTimersByTimeAsync(500);
    expect(replayed.answer).toBe('ack');
    expect(ledger.lines()).toBe(0);
  });

  it('waits for a ledger that is away, with the deliveries stopped', async () => {
    send(1, 10);
    await vi.advanceTimersByTimeAsync(500);
    ledger.before = () => Promise.reject(unavailable('away'));
    const again = send(1, 20);
    await vi.advanceTimersByTimeAsync(1000);
    expect(again.answer).toBeNull();
    expect(consumption).toEqual(['pause']);
    ledger.before = async () => {};
    await vi.advanceTimersByTimeAsync(5000);
    expect(again.answer).toBe('ack');
    expect(consumption).toEqual(['pause', 'resume']);
    expect(ledger.lines()).toBe(1);
  });

  it('stays unacknowledged when storing has to end with the ledger away', async () => {
    send(1, 10);
    await vi.advanceTimersByTimeAsync(500);
    ledger.before = () => Promise.reject(unavailable('away'));
    const again = send(1, 20);
    await vi.advanceTimersByTimeAsync(500);
    const stopped = writer.stop(1000);
    await vi.advanceTimersByTimeAsync(1000);
    await stopped;
    expect(again.answer).toBeNull();
  });
});
