import type { Event, LineEvent } from '@streamflow/contracts';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { unavailable } from '../../domain/errors.ts';
import { silentLog } from '../../domain/log.ts';
import { UnstorableBlockError } from '../../engines/event-store/port.ts';
import { messageName } from '../../ledger/message-name.ts';
import type { BlockWriter } from './block-writer.ts';
import { createBlockWriter } from './block-writer.ts';
import type { TestDelivery } from './storage.fixture.ts';
import {
  createTestLedger,
  createTestMetrics,
  createTestStore,
  deliveryOf,
  eventOf,
} from './storage.fixture.ts';

/*
 * A queue that delivers again what was not answered, a store and a ledger that survive, and writers that die at any
 * moment: before a block lands in the store, after it, before or after its duplicates are entered, and before or after
 * its answer. Clients send some events again.
 */

type Failure = 'none' | 'away' | 'lost answer' | 'unexpected';
type Step =
  | { readonly kind: 'deliver'; readonly batches: number; readonly clientIds: boolean }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'fail'; readonly failures: readonly Failure[] }
  | { readonly kind: 'crash' };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('deliver' as const),
    batches: fc.integer({ min: 1, max: 8 }),
    clientIds: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 300 }) }),
  fc.record({
    kind: fc.constant('fail' as const),
    failures: fc.array(fc.constantFrom<Failure>('none', 'away', 'lost answer', 'unexpected'), {
      maxLength: 5,
    }),
  }),
  fc.record({ kind: fc.constant('crash' as const) }),
);

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const never = <T>(): Promise<T> => new Promise(() => {});

function createWorld() {
  const store = createTestStore();
  const ledger = createTestLedger();
  const script: Failure[] = [];
  let queue: TestDelivery[] = [];
  let made = 0;
  let sent = 0;
  const condemned: TestDelivery[] = [];
  let current = startWriter();

  /** A writer whose appends take 10 ms and land in the middle; nothing of it goes on after its death. */
  function startWriter(): { readonly writer: BlockWriter; die(): void } {
    let dead = false;
    const writer = createBlockWriter({
      store: {
        async append(block) {
          const failure = script.shift() ?? 'none';
          await wait(5);
          if (dead) return never();
          if (failure === 'away') throw unavailable('away');
          if (failure === 'unexpected') throw new UnstorableBlockError('unexpected');
          const result = await store.append(block);
          await wait(5);
          if (dead) return never();
          if (failure === 'lost answer') throw unavailable('connection lost');
          return result;
        },
        ping: async () => {},
      },
      async enter(entries) {
        await wait(40);
        if (dead) return never();
        await ledger.enter(entries);
        await wait(40);
        if (dead) return never();
      },
      clock: { now: () => Date.now() },
      random: () => 0.5,
      log: silentLog,
      limits: { maxRows: 10, maxBytes: 100_000, maxWaitMs: 200 },
      metrics: createTestMetrics(),
      onAway: () => {},
      onBack: () => {},
    });
    return { writer, die: () => (dead = true) };
  }

  return {
    store,
    script,
    deliver(clientIds: boolean): void {
      const events = Array.from({ length: 1 + (made % 3) }, () => newEvent());
      // Every fourth of these has an earlier event again, as its client would after a time.
      if (clientIds && made % 4 === 0) events.push(newEvent(1 + ((3 * sent) % made)));
      const delivery = deliveryOf(events, { clientIds });
      queue.push(delivery);
      current.writer.take(delivery);
    },
    crash(): void {
      current.die();
      current = startWriter();
      condemned.push(...queue.filter(isDead));
      queue = queue.filter(({ answer }) => answer === null).map(again);
      for (const delivery of queue) current.writer.take(delivery);
    },
    stop: () => current.writer.stop(5000),
    unanswered: () => queue.filter(({ answer }) => answer === null).length,
    made: () => made,
    sent: () => sent,
    entered: () => ledger.lines(),
    /** Lines of the dead letters that are neither stored nor entered; a try before may have done either. */
    dead: () =>
      [...condemned, ...queue.filter(isDead)].reduce((lines, delivery) => {
        const own = eventsOf(delivery).filter(
          ({ id, received_at }) => store.events.get(id)?.received_at !== received_at,
        );
        const entry = ledger.entries.get(`default duplicates ${messageName(delivery.batch)}`);
        const entered = [...(entry?.lines.values() ?? [])].reduce((sum, count) => sum + count, 0);
        return lines + own.length - entered;
      }, 0),
  };

  /** An event, or an earlier one once more, received later than all before. */
  function newEvent(earlier?: number): Event {
    sent += 1;
    const received_at = new Date(Date.UTC(2026, 0, 1) + sent * 7000).toISOString();
    return eventOf(earlier ?? ++made, { received_at });
  }
}

const isDead = ({ answer }: TestDelivery): boolean => answer === 'dead';

const eventsOf = ({ batch }: TestDelivery): Event[] =>
  batch.body
    .toString()
    .split('\n')
    .slice(0, -1)
    .map((line) => {
      const { project: _project, ...event }: LineEvent = JSON.parse(line);
      return event;
    });

/** The same batch, handed out again: with an answer of its own, and the old one cut off. */
function again(delivery: TestDelivery): TestDelivery {
  const { id, batch } = delivery;
  return deliveryOf(eventsOf(delivery), { id, redelivered: true, clientIds: batch.headers.client_ids });
}

describe('a writer that dies at any moment', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('loses nothing, keeps nothing twice and accounts for every line, whatever the store does', async () => {
    let entered = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 30 }), async (steps) => {
        const world = createWorld();
        for (const taken of steps) {
          if (taken.kind === 'deliver')
            for (let n = 0; n < taken.batches; n++) world.deliver(taken.clientIds);
          else if (taken.kind === 'pass') await vi.advanceTimersByTimeAsync(taken.ms);
          else if (taken.kind === 'fail') world.script.push(...taken.failures);
          else world.crash();
        }
        world.script.length = 0;
        await vi.advanceTimersByTimeAsync(20_000);
        expect(world.unanswered()).toBe(0);
        expect(world.store.misjudged).toEqual([]);
        expect(world.store.events.size).toBeLessThanOrEqual(world.made());
        // Nothing left over: every line is stored, entered as a duplicate, or dead, and only one of these.
        expect(world.store.events.size + world.entered() + world.dead()).toBe(world.sent());
        entered += world.entered();
        await world.stop();
        expect(vi.getTimerCount()).toBe(0);
      }),
      { numRuns: 300 },
    );
    expect(entered).toBeGreaterThan(100);
  });
});
