import { formatEventLine } from '@streamflow/contracts';
import { describe, expect, it } from 'vitest';
import { blockOf, makeEvent, minute, noon } from './event-fixtures.contract.ts';
import type { EventStore } from './port.ts';

/** What every event store promises about accounting for what it has. */
export function describeAudit(store: () => EventStore): void {
  const at = (milliseconds: number): string => new Date(noon + milliseconds).toISOString();

  describe('what duplicates met', () => {
    it('tells a line that is delivered again from another line with its id', async () => {
      const project = 'twins';
      const first = makeEvent({ project, received_at: at(5) });
      const again = { ...first, received_at: at(minute) };
      const other = makeEvent({ project });
      expect((await store().append(blockOf([first, other]))).twins).toEqual([]);
      const { twins } = await store().append(blockOf([makeEvent({ project }), again, first]));
      expect(twins).toEqual([
        { line: 1, receivedAt: noon + minute, storedReceivedAt: noon + 5 },
        { line: 2, receivedAt: noon + 5, storedReceivedAt: noon + 5 },
      ]);
    });

    it('tells the same when both lines are new and in one block, and when that block comes again', async () => {
      const project = 'twins of a block';
      const first = makeEvent({ project, received_at: at(7) });
      const again = { ...first, received_at: at(8) };
      const elsewhere = { ...first, project: 'twins elsewhere' };
      const block = blockOf([first, elsewhere, again]);
      const second = { line: 2, receivedAt: noon + 8, storedReceivedAt: noon + 7 };
      expect((await store().append(block)).twins).toEqual([second]);
      const own = { receivedAt: noon + 7, storedReceivedAt: noon + 7 };
      expect((await store().append(block)).twins).toEqual([{ line: 0, ...own }, { line: 1, ...own }, second]);
    });

    it('says when events were received, by id', async () => {
      const project = 'receipts';
      const events = [1, 2, 3].map((n) => makeEvent({ project, received_at: at(n) }));
      await store().append(blockOf(events));
      const ids = events.map(({ id }) => id);
      const found = await store().receipts(project, [...ids.slice(1), makeEvent().id]);
      expect([...found].toSorted((a, b) => a[1] - b[1])).toEqual([
        [ids[1], noon + 2],
        [ids[2], noon + 3],
      ]);
      expect(await store().receipts('another', ids)).toEqual(new Map());
      expect(await store().receipts(project, [])).toEqual(new Map());
    });
  });

  describe('the audit', () => {
    it('counts what is stored and what is set aside by minute of receipt, in one project', async () => {
      const project = 'audit "quoted"';
      const events = [0, 1, minute - 1, minute, 5 * minute].map((n) =>
        // Whenever it happened: it is the receipt that counts.
        makeEvent({ project, received_at: at(n), timestamp: at(-n * 1000) }),
      );
      const unreadable = [minute + 1, minute + 1, 7 * minute].map((n) =>
        formatEventLine(makeEvent({ project, received_at: at(n) })).replace('"tags":[]', '"tags":5'),
      );
      const lines = [...events.map(formatEventLine), ...unreadable];
      await store().append(blockOf([makeEvent({ project: 'audit', received_at: at(0) })]));
      const block = {
        lines: Buffer.from(lines.map((line) => `${line}\n`).join('')),
        count: lines.length,
        mayBeKnown: true,
      };
      await store().append(block);
      // What is delivered again changes nothing.
      await store().append(block);
      const audit = await store().audit({ project, from: noon, to: noon + 8 * minute });
      expect(audit.minutes).toEqual([
        { minute: noon, stored: 3, setAside: 0 },
        { minute: noon + minute, stored: 1, setAside: 2 },
        { minute: noon + 5 * minute, stored: 1, setAside: 0 },
        { minute: noon + 7 * minute, stored: 0, setAside: 1 },
      ]);
      expect(audit.repeatedIds).toEqual({ count: 0, examples: [] });
      expect(audit.rollUps?.mismatches ?? 0).toBe(0);

      const part = await store().audit({ project, from: noon + minute, to: noon + 5 * minute });
      expect(part.minutes).toEqual([{ minute: noon + minute, stored: 1, setAside: 2 }]);
      const nothing = await store().audit({ project, from: noon - 2 * minute, to: noon });
      expect(nothing.minutes).toEqual([]);
    });

    it('stops when the signal fires', async () => {
      const signal = AbortSignal.abort(new Error('gone'));
      const range = { project: 'audit', from: noon, to: noon + minute };
      await expect(store().audit(range, { signal })).rejects.toThrow('gone');
    });
  });
}
