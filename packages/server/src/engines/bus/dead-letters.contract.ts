import { describe, expect, test } from 'vitest';
import { batchNamed, eventually, nameOf, names, Probe, publishNamed } from './bus-probe.contract.ts';
import type { Bus, DeadLetterInfo } from './port.ts';

export interface DeadLettersFixture {
  bus(): Bus;
  reopen(): Promise<Bus>;
  crash(bus: Bus): Promise<void>;
}

const everything = { offset: 0, limit: 1000 };
const refused = { code: 'ServiceUnavailable' };

export async function deadLetters(bus: Bus): Promise<readonly DeadLetterInfo[]> {
  return (await bus.deadLetters.list('default', everything)).letters;
}

/** Has the batches die in the storage queue, one after the other. */
async function bury(bus: Bus, list: readonly string[], bytes?: number): Promise<readonly DeadLetterInfo[]> {
  const before = (await bus.depth('events.dead')).batches;
  await publishNamed(bus, list, bytes);
  const probe = await (await Probe.on(bus, 'events.storage')).until(list.length);
  for (const [position, delivery] of probe.deliveries.entries()) {
    delivery.dead(`because of ${nameOf(delivery.batch)}`);
    await eventually(
      async () => (await bus.depth('events.dead')).batches > before + position,
      'the dead letter',
    );
  }
  await eventually(async () => (await bus.depth('events.storage')).batches === 0, 'the queue is empty');
  await probe.close();
  return deadLetters(bus);
}

const reasons = (letters: readonly DeadLetterInfo[]): string[] => letters.map(({ reason }) => reason);

/** What `DeadLetters` promises, for any implementation. */
export function describeDeadLetters({ bus, reopen, crash }: DeadLettersFixture): void {
  describe('dead letters', () => {
    test('are listed oldest first and by pages, under ids that stay', async () => {
      const letters = await bury(bus(), names('dead', 5));
      expect(reasons(letters)).toEqual(names('because of dead', 5));
      expect(new Set(letters.map(({ id }) => id)).size).toBe(5);
      for (const { id } of letters) expect(id).toMatch(/^[\w-]+$/);
      expect(await bus().deadLetters.list('default', { offset: 1, limit: 2 })).toEqual({
        letters: letters.slice(1, 3),
        total: 5,
      });
      await crash(bus());
      expect(await deadLetters(await reopen())).toEqual(letters);
    });

    test('one that is replayed comes to its queue again and to no other, its ids as known ones', async () => {
      const analytics = await Probe.on(bus(), 'events.analytics', { answer: (delivery) => delivery.ack() });
      const [first, second] = await bury(bus(), names('again', 2));
      if (first === undefined || second === undefined) throw new Error('Two letters were buried');
      const storage = await Probe.on(bus(), 'events.storage', { answer: (delivery) => delivery.ack() });
      expect(await bus().deadLetters.replay('default', first.id)).toEqual(first);
      await storage.until(1);
      const { headers, body } = storage.at(0).batch;
      expect(headers).toEqual({ ...batchNamed('again-0').headers, client_ids: true });
      expect(body.equals(batchNamed('again-0').body)).toBe(true);
      expect(await deadLetters(bus())).toEqual([second]);
      expect(await bus().deadLetters.replay('default', first.id)).toBeNull();
      await publishNamed(bus(), ['after']);
      await storage.until(2);
      await analytics.until(3);
      expect(storage.names).toEqual(['again-0', 'after']);
      expect(analytics.names).toEqual(['again-0', 'again-1', 'after']);
    });

    test('one that is replayed and dies again is a letter again', async () => {
      const [first] = await bury(bus(), ['stubborn']);
      await bus().deadLetters.replay('default', first?.id ?? '');
      const probe = await (await Probe.on(bus(), 'events.storage')).until(1);
      probe.at(0).dead('still no');
      await eventually(async () => (await deadLetters(bus())).length === 1, 'the letter');
      expect(reasons(await deadLetters(bus()))).toEqual(['still no']);
    });

    test('one that cannot be published stays', async () => {
      const [letter] = await bury(bus(), ['kept'], 1000);
      for (;;) {
        const taken = await bus()
          .publish([batchNamed('filler', 1000)])
          .then(
            () => true,
            () => false,
          );
        if (!taken) break;
      }
      await expect(bus().deadLetters.replay('default', letter?.id ?? '')).rejects.toMatchObject(refused);
      expect(await deadLetters(bus())).toEqual([letter]);
    });

    test('one that is dropped is gone, the others stay, also after a crash', async () => {
      const letters = await bury(bus(), names('dropped', 3));
      const middle = letters[1]?.id ?? '';
      expect(await bus().deadLetters.drop('default', middle)).toEqual(letters[1]);
      expect(await bus().deadLetters.drop('default', middle)).toBeNull();
      expect(await bus().deadLetters.get('default', middle)).toBeNull();
      await crash(bus());
      const next = await reopen();
      expect(reasons(await deadLetters(next))).toEqual(['because of dropped-0', 'because of dropped-2']);
      // What was looked at comes back to a broker's count a moment later.
      await eventually(async () => (await next.depth('events.dead')).batches === 2, 'the two that stay');
    });

    test('are seen by their project alone', async () => {
      await bus().publish([batchNamed('theirs', 200, { project: 'other' })]);
      const probe = await (await Probe.on(bus(), 'events.storage')).until(1);
      probe.at(0).dead('no');
      await eventually(async () => (await bus().depth('events.dead')).batches === 1, 'the letter');
      const [letter] = (await bus().deadLetters.list('other', everything)).letters;
      const id = letter?.id ?? '';
      expect(letter?.batch?.project).toBe('other');
      expect(await deadLetters(bus())).toEqual([]);
      expect(await bus().deadLetters.get('default', id)).toBeNull();
      expect(await bus().deadLetters.replay('default', id)).toBeNull();
      expect(await bus().deadLetters.drop('default', id)).toBeNull();
      expect(await bus().deadLetters.get('other', id)).not.toBeNull();
    });

    test('make room when they are dropped', async () => {
      // Together more than the dead letters may be.
      for (let round = 0; round < 4; round++) {
        const letters = await bury(bus(), names(`round-${round}`, 20), 1000);
        for (const { id } of letters) await bus().deadLetters.drop('default', id);
      }
      expect(await deadLetters(bus())).toEqual([]);
    });

    test('are refused by a closed bus', async () => {
      await bus().close();
      await expect(bus().deadLetters.list('default', everything)).rejects.toMatchObject(refused);
    });
  });
}
