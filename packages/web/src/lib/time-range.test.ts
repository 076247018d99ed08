import { describe, expect, it } from 'vitest';
import { intervalFor, intervalStarts, ranges, resolveRange } from './time-range.ts';

describe('ranges of time', () => {
  it('ends with the second that is begun, so that the same second asks the same question', () => {
    const range = { kind: 'last', name: '5m', ms: 300_000 } as const;
    expect(resolveRange(range, 1_000_001)).toEqual(resolveRange(range, 1_000_999));
    expect(resolveRange(range, 1_000_001)).toEqual({ start: 701_000, end: 1_001_000 });
  });

  it('keeps to the number of points, and to the least interval', () => {
    for (const { ms } of ranges) {
      expect(ms / intervalFor(ms).ms).toBeLessThanOrEqual(90);
      expect(intervalFor(ms, 60, 60_000).ms).toBeGreaterThanOrEqual(60_000);
    }
    expect(intervalFor(300_000)).toEqual({ text: '5s', ms: 5000 });
  });

  it('has every interval that the range touches, those at its edges too', () => {
    expect(intervalStarts(65_000, 185_000, 60_000)).toEqual([60_000, 120_000, 180_000]);
    expect(intervalStarts(60_000, 180_000, 60_000)).toEqual([60_000, 120_000]);
  });
});
