import { appendFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { batchNamed, eventually, nameOf } from '../bus-probe.contract.ts';
import type { Bus, Delivery } from '../port.ts';
import { BusDirectory, copyAsCrashed } from './bus-directory.fixture.ts';

/*
 * A model of the bus beside the real one: a random walk of publishes of random sizes, answers in random order,
 * reopenings and crashes, some with a tail that a crash tore. What must hold at every point: nothing that was
 * acknowledged to the publisher is lost before it is acknowledged by the consumer, first deliveries keep the order,
 * nothing that may have been handed out is called new, and at the end the disk is given back.
 */

const largestBatch = 20_000;
const largestPublish = 8;
const options = { segmentBytes: 8192, maxBytes: 1 << 20, cacheBytes: 4096 };

// A publish is never divided between segments.
const largestSegment = largestPublish * (largestBatch + 200);

type Step =
  | { readonly kind: 'publish'; readonly sizes: readonly number[]; readonly together: boolean }
  | { readonly kind: 'answer'; readonly picks: readonly number[] }
  | { readonly kind: 'reopen'; readonly end: 'close' | 'crash' | 'torn' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      sizes: fc.array(
        fc.oneof(fc.integer({ min: 60, max: 400 }), fc.integer({ min: 400, max: largestBatch })),
        {
          minLength: 1,
          maxLength: largestPublish,
        },
      ),
      together: fc.boolean(),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('answer' as const),
      picks: fc.array(fc.nat({ max: 1_000_000 }), { minLength: 1, maxLength: 20 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('reopen' as const),
      end: fc.constantFrom('close' as const, 'crash' as const, 'torn' as const),
    }),
  },
);

class Walk {
  private readonly directory: BusDirectory;
  private path: string;
  private bus: Bus | undefined;
  private generation = 0;
  private published = 0;
  /** Acknowledged to the publisher and not yet by the consumer, in order. */
  private readonly due = new Set<string>();
  private readonly handedOut = new Set<string>();
  private unanswered: Delivery[] = [];
  private lastFirst = -1;

  constructor(directory: BusDirectory) {
    this.directory = directory;
    this.path = join(directory.path, '0');
  }

  async open(): Promise<void> {
    this.unanswered = [];
    this.lastFirst = -1;
    this.bus = await this.directory.open({ ...options, directory: this.path });
    await this.bus.consume('events.storage', {
      prefetchBytes: 50_000,
      prefetchCount: 20,
      onDelivery: (delivery) => this.take(delivery),
    });
  }

  private take(delivery: Delivery): void {
    const name = nameOf(delivery.batch);
    if (this.handedOut.has(name)) expect(delivery.redelivered).toBe(true);
    this.handedOut.add(name);
    if (delivery.attempts === 0) {
      const position = Number(name);
      expect(position).toBeGreaterThan(this.lastFirst);
      this.lastFirst = position;
    }
    this.unanswered.push(delivery);
  }

  async run(each: Step): Promise<void> {
    if (each.kind === 'publish') await this.publish(each.sizes, each.together);
    else if (each.kind === 'answer') for (const pick of each.picks) this.answer(pick);
    else await this.reopen(each.end);
  }

  private async publish(sizes: readonly number[], together: boolean): Promise<void> {
    const batches = sizes.map((bytes) => batchNamed(String(this.published++), bytes));
    if (together) await this.opened.publish(batches);
    else await Promise.all(batches.map((batch) => this.opened.publish([batch])));
    for (const batch of batches) this.due.add(nameOf(batch));
  }

  private answer(pick: number): void {
    const at = pick % Math.max(1, this.unanswered.length);
    const [delivery] = this.unanswered.splice(at, 1);
    if (delivery === undefined) return;
    const name = nameOf(delivery.batch);
    if (pick % 4 === 0) {
      delivery.retry();
    } else {
      this.due.delete(name);
      delivery.ack();
    }
  }

  private async reopen(end: 'close' | 'crash' | 'torn'): Promise<void> {
    const left = this.opened;
    if (end !== 'close') {
      const next = join(this.directory.path, String(++this.generation));
      await copyAsCrashed(this.path, next);
      this.path = next;
    }
    await left.close();
    if (end === 'torn') await this.tear();
    await this.open();
  }

  /** Half of a record whose flush did not come to an end. */
  private async tear(): Promise<void> {
    const directory = join(this.path, 'segments');
    const last = (await readdir(directory)).sort().at(-1);
    if (last === undefined) return;
    await appendFile(join(directory, last), Buffer.from(`torn ${this.published}`.repeat(20)));
  }

  /** Everything that is due comes, and then nothing is left, neither in the queue nor on the disk. */
  async drain(): Promise<void> {
    await this.reopen('crash');
    await eventually(async () => {
      for (const delivery of this.unanswered.splice(0)) {
        this.due.delete(nameOf(delivery.batch));
        delivery.ack();
      }
      return (await this.opened.depth('events.storage')).batches === 0;
    }, 'the queue is empty');
    expect([...this.due]).toEqual([]);
    await this.opened.close();
    this.bus = undefined;
    expect(await this.segmentBytes()).toBeLessThanOrEqual(largestSegment);
  }

  async end(): Promise<void> {
    await this.bus?.close();
  }

  private async segmentBytes(): Promise<number> {
    const directory = join(this.path, 'segments');
    let bytes = 0;
    for (const name of await readdir(directory)) bytes += (await stat(join(directory, name))).size;
    return bytes;
  }

  private get opened(): Bus {
    if (this.bus === undefined) throw new Error('The bus is not open');
    return this.bus;
  }
}

test('filled and drained at random, with crashes, the log loses nothing and gives its space back', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const directory = await BusDirectory.make();
      const walk = new Walk(directory);
      try {
        await walk.open();
        for (const each of steps) await walk.run(each);
        await walk.drain();
        expect(directory.logged('critical')).toEqual([]);
        expect(directory.logged('error')).toEqual([]);
      } finally {
        await walk.end();
        await directory.remove();
      }
    }),
    // What depends on the moment of a crash does not fail again while it is made smaller, and would only take long.
    { seed: 20_240_117, numRuns: 60, endOnFailure: true },
  );
}, 120_000);
