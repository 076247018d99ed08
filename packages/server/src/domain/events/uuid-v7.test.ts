import { randomFillSync } from 'node:crypto';
import { uuidPattern } from '@streamflow/contracts';
import { describe, expect, it } from 'vitest';
import { createUuidV7, timeOfUuidV7 } from './uuid-v7.ts';

const start = Date.UTC(2023, 11, 1, 12);

describe('UUIDv7', () => {
  it('carries the time of the clock, version 7 and the variant of RFC 9562', () => {
    const newId = createUuidV7({ now: () => start }, (bytes) => bytes.fill(0xff));
    const id = newId();
    expect(id).toMatch(new RegExp(uuidPattern));
    expect(id).toBe('018c253f-fe00-77ff-bfff-ffffffffffff');
    expect(timeOfUuidV7(id)).toBe(start);
    expect(timeOfUuidV7('018c253f-fe00-47ff-bfff-ffffffffffff')).toBeUndefined();
  });

  it('gives unique ids in order, within a millisecond, past its count, and when the clock goes back', () => {
    let now = start;
    const newId = createUuidV7({ now: () => now }, (bytes) => void randomFillSync(bytes));
    const ids: string[] = [];
    for (let i = 0; i < 50_000; i += 1) {
      if (i === 20_000) now += 3;
      if (i === 40_000) now -= 10_000;
      ids.push(newId());
    }
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.toSorted()).toEqual(ids);
    for (const id of ids)
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});
