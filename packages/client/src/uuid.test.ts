import { describe, expect, it } from 'vitest';
import { systemEnvironment } from './environment.ts';
import { ManualEnvironment } from './manual-environment.fixture.ts';
import { createUuidSource } from './uuid.ts';

describe('ids', () => {
  it('are UUIDv7 of the time at which they are made', () => {
    const id = createUuidSource(new ManualEnvironment(0x0123456789ab))();
    expect(id).toMatch(/^01234567-89ab-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('differ and grow, also within a millisecond and over clocks that step back', () => {
    const environment = new ManualEnvironment();
    const makeId = createUuidSource(environment);
    const ids = Array.from({ length: 10_000 }, makeId);
    const backwards = new ManualEnvironment(environment.now() - 5000);
    environment.now = () => backwards.now();
    ids.push(...Array.from({ length: 10 }, makeId));
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('of two clients differ', () => {
    const ids = [1, 2].flatMap(() => Array.from({ length: 1000 }, createUuidSource(systemEnvironment)));
    expect(new Set(ids).size).toBe(2000);
  });
});
