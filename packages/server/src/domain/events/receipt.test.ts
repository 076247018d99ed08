import { describe, expect, it } from 'vitest';
import { createTakeReceipt } from './receipt.ts';

const now = Date.UTC(2026, 0, 1, 12);
const shiftOf = (sentAt: number): number =>
  createTakeReceipt({ now: () => now })('default', {
    value: new Date(sentAt).toISOString(),
    field: 'sent_at',
  }).shift;

describe("a sender's clock", () => {
  it.each([-3_600_000, -1001, 1001, 86_400_000])('that is off by %i ms is made up for', (difference) => {
    expect(shiftOf(now - difference)).toBe(difference);
  });

  it.each([0, 40, 1000, -1000])(
    'that is off by no more than the way takes (%i ms) is believed',
    (difference) => {
      expect(shiftOf(now - difference)).toBe(0);
    },
  );
});
