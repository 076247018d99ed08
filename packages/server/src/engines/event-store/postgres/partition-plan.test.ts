import { describe, expect, it } from 'vitest';
import {
  type Partition,
  type PartitionUnit,
  partitionOf,
  planPartition,
  timesAhead,
} from './partition-plan.ts';

const now = Date.UTC(2026, 10, 25, 9);
const day = 86_400_000;

function planAll(times: readonly number[], unit: PartitionUnit, present: Partition[] = []): string[] {
  const all = [...present];
  for (const time of times) {
    if (all.some(({ from, to }) => from <= time && time < to)) continue;
    all.push(planPartition(time, all, unit, now));
  }
  return all.map(({ name }) => name);
}

describe('partitions of the events', () => {
  it('are months around now, years before and after, and one for each end of time', () => {
    const times = [
      now,
      Date.UTC(2025, 0),
      Date.UTC(2024, 11, 31),
      Date.UTC(2030, 5),
      Date.UTC(1805, 1),
      Date.UTC(9999, 1),
    ];
    expect(planAll(times, 'month')).toEqual([
      'events_2026_11',
      'events_2025_01',
      'events_2024',
      'events_2030',
      'events_before_1900',
      'events_from_2100',
    ]);
  });

  it('are days around now where that is configured', () => {
    expect(planAll([now, now - 60 * day, Date.UTC(2020, 1)], 'day')).toEqual([
      'events_2026_11_25',
      'events_2026_09',
      'events_2020',
    ]);
  });

  it('never overlap, whatever was made before with another setting or long ago', () => {
    const present = ['events_2024_03', 'events_2026_11'].flatMap((name) => partitionOf(name) ?? []);
    const times = Array.from({ length: 3000 }, (_, i) => Date.UTC(2023, 0) + i * day * 0.7);
    const made = planAll(times, 'day', present).flatMap((name) => partitionOf(name) ?? []);
    for (const time of times) {
      expect(made.filter(({ from, to }) => from <= time && time < to)).toHaveLength(1);
    }
    const names = made.map(({ name }) => name);
    expect(names).toContain('events_2024_04');
    expect(names).toContain('events_2023');
  });

  it('are few for a thousand months of old events', () => {
    const times = Array.from({ length: 1000 }, (_, month) => Date.UTC(1940, month));
    expect(planAll(times, 'month').length).toBeLessThan(100);
  });

  it('say by their name what they hold', () => {
    expect(partitionOf('events_2023_12')).toEqual({
      name: 'events_2023_12',
      from: Date.UTC(2023, 11),
      to: Date.UTC(2024, 0),
    });
    expect(partitionOf('events_2023_12_31')?.to).toBe(Date.UTC(2024, 0));
    expect(partitionOf('events_default')).toBeNull();
  });

  it('are made some time ahead', () => {
    expect(planAll(timesAhead('month', now), 'month')).toEqual([
      'events_2026_11',
      'events_2026_12',
      'events_2027_01',
    ]);
    expect(planAll(timesAhead('day', now), 'day')).toHaveLength(8);
  });
});
