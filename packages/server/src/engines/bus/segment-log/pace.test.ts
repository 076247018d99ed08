import { describe, expect, test } from 'vitest';
import type { Timers } from '../../../domain/timers.ts';
import { Pace } from './pace.ts';

const window = 1000;

/** A pace whose surroundings the test sets, and which of the publishes that it held have been let go, by name. */
function pacing() {
  const state = { backlog: 0, consumed: true };
  const alarms: { readonly at: number; readonly run: () => void }[] = [];
  let now = 0;
  const timers: Timers = {
    after(milliseconds, run) {
      const alarm = { at: now + milliseconds, run };
      alarms.push(alarm);
      return () => alarms.splice(alarms.indexOf(alarm), 1);
    },
  };
  const pace = new Pace({
    windowBytes: window,
    maxDelayMs: 1000,
    timers,
    backlog: () => state.backlog,
    isConsumed: () => state.consumed,
  });
  const answered: string[] = [];
  return {
    state,
    pace,
    /** Publishes so many bytes, which the backlog then holds. */
    publish(name: string, bytes: number): void {
      state.backlog += bytes;
      const held = pace.hold(bytes);
      if (held === undefined) answered.push(name);
      else void held.then(() => answered.push(name));
    },
    store(bytes: number): void {
      state.backlog -= bytes;
      pace.onProgress(bytes);
    },
    pass(milliseconds: number): void {
      now += milliseconds;
      const due = alarms.filter(({ at }) => at <= now);
      for (const alarm of due) {
        alarms.splice(alarms.indexOf(alarm), 1);
        alarm.run();
      }
    },
    async answered(): Promise<string[]> {
      await Promise.resolve();
      return answered;
    },
    alarms,
  };
}

describe('acknowledgements keep to the pace of storage', () => {
  test('nobody waits while the backlog is within the window', async () => {
    const bus = pacing();
    bus.publish('a', 400);
    bus.publish('b', 600);
    expect(await bus.answered()).toEqual(['a', 'b']);
  });

  test('beyond it, publishes are answered in their order as storage takes in as much', async () => {
    const bus = pacing();
    bus.state.backlog = 5000;
    bus.publish('a', 100);
    bus.publish('b', 100);
    bus.publish('c', 100);
    expect(await bus.answered()).toEqual([]);
    bus.store(110);
    expect(await bus.answered()).toEqual(['a']);
    bus.store(220);
    expect(await bus.answered()).toEqual(['a', 'b', 'c']);
  });

  test('under more load than storage takes, the backlog does not grow', async () => {
    const bus = pacing();
    bus.state.backlog = 5000;
    const inFlight = 8;
    let sent = 0;
    const send = (): void => bus.publish(String(sent++), 100);
    for (let publisher = 0; publisher < inFlight; publisher++) send();
    let seen = 0;
    for (let turn = 0; turn < 200; turn++) {
      bus.store(300);
      const answered = (await bus.answered()).length;
      // Each publisher that was answered sends the next at once.
      for (; seen < answered; seen++) send();
    }
    expect(bus.state.backlog).toBeLessThanOrEqual(5000 + inFlight * 100);
    expect(seen).toBeGreaterThan(500);
  });

  test('a light load beside a backlog that is drained does not wait', async () => {
    const bus = pacing();
    bus.state.backlog = 100_000;
    bus.store(500);
    for (let each = 0; each < 10; each++) {
      bus.publish(String(each), 40);
      bus.store(500);
    }
    expect(await bus.answered()).toHaveLength(10);
  });

  test('what was held goes when the backlog is within the window again', async () => {
    const bus = pacing();
    bus.state.backlog = 1000;
    bus.publish('a', 900);
    expect(await bus.answered()).toEqual([]);
    bus.state.backlog = 500;
    bus.pace.onProgress(1);
    expect(await bus.answered()).toEqual(['a']);
  });

  test('no acknowledgement is held for longer than the limit', async () => {
    const bus = pacing();
    bus.state.backlog = 5000;
    bus.publish('a', 100);
    bus.pass(999);
    expect(await bus.answered()).toEqual([]);
    bus.pass(1);
    expect(await bus.answered()).toEqual(['a']);
  });

  test('nothing is held while storage takes no deliveries, nor what was held before', async () => {
    const bus = pacing();
    bus.state.backlog = 5000;
    bus.publish('before', 100);
    bus.state.consumed = false;
    bus.pace.onProgress(0);
    bus.publish('after', 100);
    expect(await bus.answered()).toEqual(['after', 'before']);
    expect(bus.alarms).toEqual([]);
  });

  test('a publish that is larger than the window goes when there is all the credit there can be', async () => {
    const bus = pacing();
    bus.state.backlog = 50_000;
    bus.publish('large', 5000);
    bus.store(800);
    expect(await bus.answered()).toEqual([]);
    bus.store(800);
    expect(await bus.answered()).toEqual(['large']);
  });

  test('the end lets everything go', async () => {
    const bus = pacing();
    bus.state.backlog = 5000;
    bus.publish('a', 100);
    bus.pace.end();
    bus.publish('b', 100);
    expect(await bus.answered()).toEqual(['b', 'a']);
  });
});
