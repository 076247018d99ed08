import { beforeEach, expect, it } from 'vitest';
import { createFakeTimers, type FakeTimers, turns as loopTurns } from '../../domain/timers.fixture.ts';
import { createTurns, type Turns } from './turns.ts';

let timers: FakeTimers;
let tick: () => void;
let subscribed: boolean;
/** When each turn began, after the start. */
let begun: number[];
let end: () => void;
let turns: Turns;

beforeEach(() => {
  timers = createFakeTimers(0);
  begun = [];
  subscribed = false;
  turns = createTurns({
    timers,
    longestPauseMs: 1500,
    turn: () =>
      new Promise((resolve) => {
        begun.push(timers.now());
        end = resolve;
      }),
    onTick(listener) {
      subscribed = true;
      tick = listener;
      return () => {
        subscribed = false;
      };
    },
  });
});

async function finish(): Promise<void> {
  end();
  await loopTurns();
}

it('makes a turn at once, and at each tick without delay', async () => {
  turns.start();
  await finish();
  await timers.advance(1000);
  tick();
  await finish();
  await timers.advance(1000);
  tick();
  expect(begun).toEqual([0, 1000, 2000]);
});

it('makes one more turn for all ticks that come during one', async () => {
  turns.start();
  tick();
  tick();
  expect(begun).toEqual([0]);
  await finish();
  expect(begun).toEqual([0, 0]);
  await finish();
  expect(begun).toEqual([0, 0]);
});

it('goes on where no tick comes, counted from the end of the last turn', async () => {
  turns.start();
  await timers.advance(100);
  await finish();
  await timers.advance(1499);
  expect(begun).toEqual([0]);
  await timers.advance(1);
  expect(begun).toEqual([0, 1600]);
});

it('makes no turn after it was stopped, and waits for the one under way', async () => {
  turns.start();
  tick();
  let stopped = false;
  const stopping = turns.stop().then(() => {
    stopped = true;
  });
  await loopTurns();
  expect([stopped, subscribed]).toEqual([false, false]);
  await finish();
  await stopping;
  await timers.advance(10_000);
  expect(begun).toEqual([0]);
  expect(timers.waiting()).toBe(0);
});
