import { describe, expect, it } from 'vitest';
import { compare } from './compare.ts';
import type { LedgerRequest } from './ledger.ts';

const request = (outcome: LedgerRequest['outcome'], ids: readonly string[]): LedgerRequest => ({
  fault: 'f',
  events: ids.map((id, n) => ({ id, n })),
  outcome,
  unanswered: 0,
  repeats: 0,
  detail: 'why',
});
const once = { type: 'web.click', times: 1, intact: true };

describe('compare', () => {
  it('counts as lost what was acknowledged and is not stored, and nothing else', () => {
    const ledger = [
      request('acknowledged', ['a', 'b']),
      request('unanswered', ['c']),
      request(null, ['d']),
      request('refused', ['e']),
    ];
    expect(compare(ledger, new Map([['a', once]]))).toMatchObject({
      sent: 5,
      acknowledged: 2,
      lost: 1,
      doubled: 0,
      strange: 0,
      refused: 1,
      open: 2,
      examples: ['lost: b', 'refused: why'],
    });
  });

  it('takes what was not answered for stored or not', () => {
    expect(compare([request('unanswered', ['a', 'b'])], new Map([['b', once]]))).toMatchObject({
      lost: 0,
      strange: 0,
      open: 2,
    });
  });

  it('tells what is there twice, what is not as it was sent, and what was never sent', () => {
    const stored = new Map([
      ['a', { ...once, times: 2 }],
      ['b', { ...once, intact: false }],
      ['z', once],
    ]);
    expect(compare([request('acknowledged', ['a', 'b'])], stored)).toMatchObject({
      lost: 0,
      doubled: 1,
      altered: 1,
      strange: 1,
    });
  });
});
