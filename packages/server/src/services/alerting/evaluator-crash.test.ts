import { describe, expect, it } from 'vitest';
import { alertNotifications, alertStates, alerts } from '../../domain/records/alerts.ts';
import type { RecordStore } from '../../engines/record-store/port.ts';
import { openTestRecords } from '../../ledger/test-records.fixture.ts';
import {
  addChannel,
  addRule,
  begin,
  createManualTime,
  createTestEvaluator,
  createTestLive,
  project,
} from './alerting.fixture.ts';

/** Records whose writes, from the one that is meant, are never answered: done or not, as after a kill. */
function dyingAt(records: RecordStore, write: number, isDone: boolean) {
  let writes = 0;
  const state = { isDead: false };
  const never = new Promise<never>(() => {});
  const through = async <R>(work: () => Promise<R>): Promise<R> => {
    if (state.isDead) return never;
    if (++writes < write) return work();
    state.isDead = true;
    if (isDone) await work();
    return never;
  };
  const dying: RecordStore = {
    ...records,
    insert: (kind, record) => through(() => records.insert(kind, record)),
    update: (kind, ref, changes, options) => through(() => records.update(kind, ref, changes, options)),
    delete: (kind, ref, options) => through(() => records.delete(kind, ref, options)),
    transaction: (work) => through(() => records.transaction(work)),
  };
  return { dying, state };
}

// The lease and its renewals, the pending state, the alert with its outbox, what became of each message, and the end.
const steps = Array.from({ length: 11 }, (_, index) => index + 1);

describe('a kill of the evaluator', () => {
  it.each(steps.flatMap((step) => [[step, false] as const, [step, true] as const]))(
    'at write %i (done: %s) misses nothing, and repeats at most what was under way, with the same id',
    async (step, isDone) => {
      const time = createManualTime();
      const live = createTestLive();
      const { store: records, close } = await openTestRecords(time.clock);
      await addChannel(records, 'webhook', 'one');
      await addRule(records, { for: '2s' });
      for (let n = 0; n < 3; n++) live.measure('error_count', begin, 1);
      const { dying, state } = dyingAt(records, step, isDone);
      const first = createTestEvaluator({ records: dying, live, time, alone: true });
      for (let second = 0; second < 16 && !state.isDead; second++) {
        await time.pass(1000);
        live.watermark += 1000;
        void first.evaluator.turn();
        // Longer than any write takes.
        await time.pass(0);
        await time.pass(0);
      }
      expect(state.isDead).toBe(true);
      const second = createTestEvaluator({ records, live, time, alone: true });
      await second.seconds(20);

      const sent = [...first.sent, ...second.sent].map(({ message }) => message);
      const ids = (kind: string) => new Set(sent.filter((one) => one.kind === kind).map(({ id }) => id));
      expect([ids('firing').size, ids('resolved').size]).toEqual([1, 1]);
      expect(sent.length).toBeLessThanOrEqual(3);
      expect(await records.count(alerts, { project, where: { status: 'resolved' } })).toBe(1);
      expect(await records.count(alerts, { project })).toBe(1);
      expect(await records.count(alertNotifications, { project, where: { status: 'delivered' } })).toBe(2);
      expect(await records.count(alertStates, { project })).toBe(0);
      await close();
    },
  );
});
