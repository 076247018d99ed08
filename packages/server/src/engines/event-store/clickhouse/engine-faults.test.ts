import { describe, expect, it } from 'vitest';
import { createEngineFaults } from './engine-faults.ts';

const unknownDatabase = 81;
const notEnoughSpace = 243;
const incorrectData = 117;

function setUp() {
  let now = 0;
  const broken: string[] = [];
  const faults = createEngineFaults({
    now: () => now,
    patienceMs: 5000,
    restMs: 60_000,
    onBroken: (kind, code) => broken.push(`${kind} ${code} at ${now}`),
  });
  return {
    faults,
    broken,
    at(time: number) {
      now = time;
      return faults;
    },
  };
}

describe('an engine that fails', () => {
  it('is broken once all statements of a kind have failed for some time', () => {
    const { at, broken } = setUp();
    for (const time of [0, 2000, 4900]) at(time).refused('read', unknownDatabase);
    expect(broken).toEqual([]);
    at(5000).refused('read', unknownDatabase);
    expect(broken).toEqual(['read 81 at 5000']);
  });

  it('is not broken while statements of that kind succeed now and then', () => {
    const { at, broken } = setUp();
    for (let time = 0; time < 60_000; time += 1000) {
      at(time).refused('write', unknownDatabase);
      if (time % 4000 === 0) at(time).succeeded('write');
    }
    expect(broken).toEqual([]);
  });

  it('is broken when its writes fail, although its reads succeed', () => {
    const { at, broken } = setUp();
    for (let time = 0; time <= 5000; time += 1000) {
      at(time).refused('write', unknownDatabase);
      at(time).succeeded('read');
    }
    expect(broken).toEqual(['write 81 at 5000']);
  });

  it('is not broken by a full disk, nor by rows that it cannot take', () => {
    const { at, broken } = setUp();
    for (let time = 0; time < 60_000; time += 1000) {
      at(time).refused('write', notEnoughSpace);
      at(time).refused('write', incorrectData);
    }
    expect(broken).toEqual([]);
  });

  it('that a restart does not heal is left alone for a while', () => {
    const { at, broken, faults } = setUp();
    for (let time = 0; time < 130_000; time += 1000) {
      const before = broken.length;
      at(time).refused('read', unknownDatabase);
      if (broken.length > before) faults.restarted();
    }
    expect(broken).toEqual(['read 81 at 5000', 'read 81 at 65000', 'read 81 at 125000']);
  });
});
