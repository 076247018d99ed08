import { describe, expect, it } from 'vitest';
import { allKeptFrom, dayMs, keptFrom } from './retention.ts';

const day = (n: number): number => Date.UTC(2026, 0, 1) + n * dayMs;

describe('retention', () => {
  it('goes by the most particular name of a type, and by the general limit without one', () => {
    const types = { 'web.*': day(2), 'web.page.*': null, 'web.page.view': day(3), 'a.*': day(4) };
    const retention = { before: day(1), types };
    expect(keptFrom(retention, 'web.click')).toBe(day(2));
    expect(keptFrom(retention, 'web.page.leave')).toBeNull();
    expect(keptFrom(retention, 'web.page.view')).toBe(day(3));
    expect(keptFrom(retention, 'web')).toBe(day(1));
    expect(keptFrom(retention, 'website.click')).toBe(day(1));
    expect(keptFrom(retention, 'constructor')).toBe(day(1));
    expect(keptFrom({ before: null, types }, 'other')).toBeNull();
    expect(allKeptFrom(retention)).toBe(day(4));
    expect(allKeptFrom({ before: null, types: { error: null } })).toBeNull();
  });

  it('goes by whole days in UTC, also before 1970', () => {
    expect(keptFrom({ before: day(1) + dayMs - 1 }, 'a')).toBe(day(1));
    expect(keptFrom({ before: -1 }, 'a')).toBe(-dayMs);
  });
});
