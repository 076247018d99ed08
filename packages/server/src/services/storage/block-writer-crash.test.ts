import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { unavailable } from '../../domain/errors.ts';
import { silentLog } from '../../domain/log.ts';
import { UnstorableBlockError } from '../../engines/event-store/port.ts';
import type { BlockWriter } from './block-writer.ts';
import { createBlockWriter } from './block-writer.ts';
import type { TestDelivery } from './storage.fixture.ts';
import { createTestMetrics, createTestStore, deliveryOf, eventOf } from './storage.fixture.ts';

/*
 * A queue that delivers again what was not answered, a store that survives, and writers that die at any moment: before
 * a block lands in the store, after it, and before or after its answer.
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
  const script: Failure[] = [];
  let queue: TestDelivery[] = [];
  let made = 0;
  let condemned = 0;
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
      const events = Array.from({ length: 1 + (made % 3) }, () => eventOf(++made));
      const delivery = deliveryOf(events, { clientIds });
      queue.push(delivery);
      current.writer.take(delivery);
    },
    crash(): void {
      current.die();
      current = startWriter();
      condemned += condemnedIn(queue);
      queue = queue.filter(({ answer }) => answer === null).map(again);
      for (const delivery of queue) current.writer.take(delivery);
    },
    stop: () => current.writer.stop(5000),
    unanswered: () => queue.filter(({ answer }) => answer === null).length,
    made: () => made,
    /** Events that went to the dead letters; a try before may have stored them. */
    condemned: () => condemned + condemnedIn(queue),
  };
}

function condemnedIn(deliveries: readonly TestDelivery[]): number {
  return deliveries
    .filter(({ answer }) => answer === 'dead')
    .reduce((events, { batch }) => events + batch.headers.count, 0);
}

/** The same batch, handed out again: with an answer of its own, and the old one cut off. */
function again(delivery: TestDelivery): TestDelivery {
  const lines = delivery.batch.body.toString().split('\n').slice(0, -1);
  return deliveryOf(
    lines.map((line) => {
      const { project: _project, ...event } = JSON.parse(line);
      return event;
    }),
    { id: delivery.id, redelivered: true, clientIds: delivery.batch.headers.client_ids },
  );
}

describe('a writer that dies at any moment', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('loses nothing and keeps nothing twice, whatever the store does', async () => {
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
        expect(world.store.events.size).toBeGreaterThanOrEqual(world.made() - world.condemned());
        await world.stop();
        expect(vi.getTimerCount()).toBe(0);
      }),
      { numRuns: 300 },
    );
  });
});
