import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Log } from './domain/log.ts';
import { silentLog } from './domain/log.ts';
import type { Teardown } from './lifecycle.ts';
import { createTeardown, startWithTeardown } from './lifecycle.ts';

let stopped: string[];
let errors: string[];
let teardown: Teardown;

beforeEach(() => {
  vi.useFakeTimers();
  stopped = [];
  errors = [];
  const log: Log = {
    ...silentLog,
    error: (message, fields) => errors.push(`${message}: ${String(fields?.part)}`),
  };
  teardown = createTeardown(log);
});
afterEach(() => {
  vi.useRealTimers();
});

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const part = (name: string, ms = 0): void =>
  teardown.push(name, async () => {
    await wait(ms);
    stopped.push(name);
  });
const never = (): Promise<void> => new Promise(() => {});

async function driven<T>(promise: Promise<T>, ms: number): Promise<T> {
  await vi.advanceTimersByTimeAsync(ms);
  return promise;
}

describe('teardown', () => {
  it('stops in reverse, one after the other', async () => {
    part('engine', 10);
    part('service', 30);
    part('server', 20);
    const report = await driven(teardown.run(10_000), 100);
    expect(stopped).toEqual(['server', 'service', 'engine']);
    expect(report).toEqual({ failed: [], late: [] });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('takes stops that return nothing, and those that throw', async () => {
    teardown.push('lock', () => stopped.push('lock'));
    teardown.push('bad', () => {
      throw new Error('at once');
    });
    teardown.push('worse', () => Promise.reject(new Error('later')));
    const report = await driven(teardown.run(1000), 0);
    expect(stopped).toEqual(['lock']);
    expect(report).toEqual({ failed: ['worse', 'bad'], late: [] });
    expect(errors).toEqual(['A part failed to stop: worse', 'A part failed to stop: bad']);
  });

  it('passes over a part that hangs, in time for those below', async () => {
    part('log', 400);
    teardown.push('hangs', never);
    part('server', 5);
    const before = performance.now();
    const running = teardown.run(5000);
    await vi.advanceTimersByTimeAsync(5000);
    const report = await running;
    expect(report.late).toEqual(['hangs']);
    expect(stopped).toEqual(['server', 'log']);
    expect(performance.now() - before).toBeLessThanOrEqual(5000);
  });

  it('ends within its deadline when everything hangs', async () => {
    for (let n = 0; n < 30; n++) teardown.push(`part ${n}`, never);
    const report = await driven(teardown.run(2000), 2050);
    expect(report.late).toHaveLength(30);
  });

  it('runs once, however often it is called', async () => {
    part('engine', 10);
    const first = teardown.run(1000);
    const second = teardown.run(1);
    expect(second).toBe(first);
    expect(teardown.begun).toBe(true);
    await driven(first, 10);
    expect(stopped).toEqual(['engine']);
  });

  it('also stops what is started meanwhile and afterwards', async () => {
    part('engine', 10);
    const running = teardown.run(1000);
    part('late service', 10);
    await driven(running, 20);
    expect(stopped).toEqual(['engine', 'late service']);
    part('later server');
    await vi.advanceTimersByTimeAsync(1);
    expect(stopped).toEqual(['engine', 'late service', 'later server']);
  });
});

describe('a start', () => {
  it('that fails stops what was started and rethrows', async () => {
    const starting = startWithTeardown(teardown, 1000, async () => {
      part('engine');
      part('service');
      throw new Error('port 8001 is taken');
    });
    const refused = expect(starting).rejects.toThrow('port 8001 is taken');
    await vi.advanceTimersByTimeAsync(10);
    await refused;
    expect(stopped).toEqual(['service', 'engine']);
  });

  it('that succeeds stops nothing', async () => {
    await expect(
      startWithTeardown(teardown, 1000, async ({ push }) => {
        push('engine', () => stopped.push('engine'));
        return 'up';
      }),
    ).resolves.toBe('up');
    expect(stopped).toEqual([]);
    expect(teardown.begun).toBe(false);
  });
});
