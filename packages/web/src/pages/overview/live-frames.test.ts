import { expect, it } from 'vitest';
import { foldFrame, noSeconds, shownSpan } from './live-frames.ts';

const by = (count: number) => ({ type: { a: count }, source: {}, severity: {} });
const at = (ms: number): string => new Date(ms).toISOString();

it('keeps the seconds of five minutes, and takes a snapshot for all that is known', () => {
  const second = { events_total: 1, error_count: 0, response_time_avg: null, by: by(1) };
  const snapshot = { type: 'snapshot', seq: 0, timestamp: at(10_000), metrics: {} } as const;
  const begun = foldFrame(noSeconds, { ...snapshot, seconds: [{ ...second, timestamp: at(7000) }] });
  expect([...begun.byTime]).toEqual([[7000, { a: 1 }]]);
  const frame = { type: 'metrics', seq: 1, metrics: {}, by: by(2) } as const;
  const next = foldFrame(begun, { ...frame, timestamp: at(11_000) });
  expect([...next.byTime]).toEqual([
    [7000, { a: 1 }],
    [10_000, { a: 2 }],
  ]);
  const revised = [{ ...second, timestamp: at(10_000), by: by(5) }];
  const corrected = foldFrame(next, { ...frame, timestamp: at(12_000), revised });
  expect([...corrected.byTime]).toEqual([
    [7000, { a: 1 }],
    [10_000, { a: 5 }],
    [11_000, { a: 2 }],
  ]);
  const later = foldFrame(next, { ...frame, timestamp: at(9000 + shownSpan) });
  expect([...later.byTime.keys()]).toEqual([10_000, 8000 + shownSpan]);
  expect([...foldFrame(later, { ...snapshot, seconds: [] }).byTime]).toEqual([]);
});
