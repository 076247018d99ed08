import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLog } from '../../domain/log.ts';
import { createBlockWriter } from './block-writer.ts';
import { flushDueAt } from './flush-rule.ts';
import { createTestMetrics, deliveryOf, eventOf } from './storage.fixture.ts';
import { defaultBlockLimits } from './storage.ts';

const limits = defaultBlockLimits;

describe('the time to write a block that is not full', () => {
  it('is now when the store is rested, and 200 ms after its first event at the latest', () => {
    expect(flushDueAt(1000, null, limits)).toBe(1000);
    expect(flushDueAt(1000, { endedAt: 900, durationMs: 8, rows: 0 }, limits)).toBe(1000);
    expect(flushDueAt(1000, { endedAt: 1000, durationMs: 8, rows: 0 }, limits)).toBe(1072);
    expect(flushDueAt(1000, { endedAt: 1000, durationMs: 60, rows: 0 }, limits)).toBe(1100);
    expect(flushDueAt(1000, { endedAt: 1150, durationMs: 150, rows: 0 }, limits)).toBe(1200);
  });

  it('comes sooner the larger the last block was', () => {
    const after = (rows: number) => flushDueAt(1000, { endedAt: 1000, durationMs: 100, rows }, limits);
    expect(after(2500)).toBe(1050);
    expect(after(5000)).toBe(1000);
    expect(after(20_000)).toBe(1000);
  });
});

/** What chDB takes for a commit and for each of its rows, as measured. */
const commitMs = 8;
const rowMs = 0.009;

describe('on a store that takes 8 ms a commit and 9 µs a row', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** Five seconds of batches, one every 5 ms at most; figures of what was stored. */
  async function run(eventsPerSecond: number) {
    let commits = 0;
    let busyMs = 0;
    const ages: number[] = [];
    const writer = createBlockWriter({
      store: {
        async append(block) {
          const cost = commitMs + rowMs * block.count;
          commits++;
          busyMs += cost;
          await new Promise((resolve) => setTimeout(resolve, cost));
          return { stored: block.count, textOnly: 0, setAside: 0, duplicates: 0, conflicts: 0, twins: [] };
        },
        ping: async () => {},
      },
      enter: async () => {},
      clock: { now: () => Date.now() },
      random: () => 0.5,
      log: silentLog,
      limits,
      metrics: createTestMetrics(),
      onAway: () => {},
      onBack: () => {},
    });
    const everyMs = Math.max(5, 1000 / eventsPerSecond);
    const count = (eventsPerSecond * everyMs) / 1000;
    const template = deliveryOf([eventOf(1)]);
    const seconds = 5;
    for (let n = 0; n < (seconds * 1000) / everyMs; n++) {
      const takenAt = Date.now();
      const headers = { ...template.batch.headers, count };
      writer.take({
        ...template,
        batch: { ...template.batch, headers },
        ack: () => ages.push(Date.now() - takenAt),
      });
      await vi.advanceTimersByTimeAsync(everyMs);
    }
    await vi.advanceTimersByTimeAsync(1000);
    ages.sort((a, b) => a - b);
    const quantile = (q: number): number => ages[Math.floor(q * (ages.length - 1))] ?? Number.NaN;
    return {
      commits: commits / seconds,
      busy: busyMs / (seconds * 1000),
      p50: quantile(0.5),
      p99: quantile(0.99),
    };
  }

  it.each([
    [1, { p50: 10, p99: 10, commits: 1, busy: 0.01 }],
    [10, { p50: 10, p99: 10, commits: 10, busy: 0.1 }],
    [200, { p50: 60, p99: 100, commits: 13, busy: 0.12 }],
    [5_000, { p50: 90, p99: 160, commits: 13, busy: 0.15 }],
    [20_000, { p50: 80, p99: 130, commits: 12, busy: 0.28 }],
    [60_000, { p50: 90, p99: 120, commits: 16, busy: 0.67 }],
  ])('%i events/s are queryable soon, in few commits', async (rate, most) => {
    const figures = await run(rate);
    for (const name of ['p50', 'p99', 'commits', 'busy'] as const)
      expect(figures[name], `${name} of ${JSON.stringify(figures)}`).toBeLessThanOrEqual(most[name]);
  });
});
