import {
  type Event,
  formatEventLine,
  type MetricDelta,
  metricDeltaKey,
  workerStateKey,
} from '@streamflow/contracts';
import { beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../domain/log.ts';
import { compileDefinition } from '../domain/metrics/defined-metric.ts';
import { readFigure } from '../domain/metrics/live-figures.ts';
import { testEvent } from '../domain/metrics/live-metrics.fixture.ts';
import { toMetricData } from '../domain/metrics/metric-messages.ts';
import { isErrorEvent } from '../domain/queries/matches-filter.ts';
import { createFakeTimers, type FakeTimers } from '../domain/timers.fixture.ts';
import type { ConsumeOptions, Delivery, LiveMessage } from '../engines/bus/port.ts';
import type { HistoryPoint, HistoryQuery } from '../engines/event-store/port.ts';
import { createStreamWorker } from '../services/analytics/stream-worker.ts';
import { createLiveMetrics, type RunningLiveMetrics } from './live-metrics.ts';

/* Workers, replicas and a store, on a bus of which the test decides what is delivered and what is lost. */

const noon = Date.UTC(2023, 11, 1, 12);
const minute = 60_000;

let time: FakeTimers;
let stored: Event[];
let reads: number;
let consumers: ConsumeOptions[];
let subscribers: ((message: LiveMessage) => void)[];
let acknowledged: string[];
let deliveries: number;

beforeEach(() => {
  time = createFakeTimers(noon);
  stored = [];
  reads = 0;
  consumers = [];
  subscribers = [];
  acknowledged = [];
  deliveries = 0;
});

const clicks = compileDefinition({
  name: 'clicks',
  type: 'counter',
  filter: 'event.type == "web.click"',
  value: null,
  group_by: {},
});
const definitions = { of: () => ('metric' in clicks ? [clicks.metric] : []), ready: async () => {} };

const bus = {
  consume: async (_queue: string, options: ConsumeOptions) => {
    consumers.push(options);
    return { pause() {}, resume() {}, close: async () => {} };
  },
  publishLive: (_exchange: string, message: LiveMessage) => {
    for (const subscriber of subscribers) subscriber(message);
  },
  subscribeLive: async (_exchange: string, _pattern: string, onMessage: (message: LiveMessage) => void) => {
    subscribers.push(onMessage);
    return { close: async () => void subscribers.splice(subscribers.indexOf(onMessage), 1) };
  },
};

const between = (events: readonly Event[], start = 0, end = Number.MAX_VALUE): Event[] =>
  events.filter(({ timestamp }) => Date.parse(timestamp) >= start && Date.parse(timestamp) < end);

const store = {
  async history({ filter, interval }: HistoryQuery) {
    if (typeof interval !== 'number') throw new Error('Live metrics ask for intervals of one length');
    const points = new Map<number, HistoryPoint>();
    for (const event of between(stored, filter.start, filter.end)) {
      const timestamp = Math.floor(Date.parse(event.timestamp) / interval) * interval;
      const point = points.get(timestamp) ?? { timestamp, events: 0, uniqueUsers: 0, errors: 0 };
      const errors = point.errors + (isErrorEvent(event) ? 1 : 0);
      points.set(timestamp, { ...point, events: point.events + 1, errors });
    }
    return [...points.values()];
  },
  async *export({ filter }: { filter: { start?: number; end?: number } }) {
    reads += 1;
    yield between(stored, filter.start, filter.end);
  },
};

const parts = () => ({ bus, clock: time, timers: time, log: silentLog, maxTagValues: 200, definitions });

async function startWorker(name = 'w1') {
  const worker = createStreamWorker({ ...parts(), name, allowedLatenessMs: minute });
  await worker.start();
  return worker;
}

async function startReplica(): Promise<RunningLiveMetrics> {
  const live = createLiveMetrics({ ...parts(), events: store });
  await live.start();
  await time.advance(0);
  return live;
}

/** Hands events to the consumer of that number. */
function deliver(events: readonly Event[], { to = 0, redelivered = false } = {}): void {
  deliveries += 1;
  const id = String(deliveries);
  const body = Buffer.from(events.map((e) => `${formatEventLine({ project: 'default', ...e })}\n`).join(''));
  const delivery: Delivery = {
    batch: {
      headers: { schema: 1, project: 'default', type: 'web.click', count: events.length, client_ids: true },
      body,
    },
    id,
    attempts: redelivered ? 1 : 0,
    redelivered,
    ack: () => void acknowledged.push(id),
    retry: () => {},
    dead: () => {},
  };
  consumers[to]?.onDelivery(delivery);
}

const events = (count: number, at = time.now()): Event[] =>
  Array.from({ length: count }, (_, n) =>
    testEvent({ at, user_id: `u${n}`, type: n % 5 === 0 ? 'error' : 'web.click' }),
  );

const figure = (
  live: RunningLiveMetrics,
  name: string,
  from = noon - 60 * minute,
  to = time.now() + minute,
) => readFigure(live, { project: 'default', name, from, to });

describe('live metrics', () => {
  it('are there when the second is over, and the events acknowledged after that', async () => {
    await startWorker();
    const live = await startReplica();
    await time.advance(400);
    const accepted = events(10);
    stored.push(...accepted);
    deliver(accepted);
    await time.advance(900);
    expect(acknowledged).toEqual([]);
    const ticks: number[] = [];
    live.onTick((watermark) => ticks.push(watermark));
    await time.advance(60);
    expect(acknowledged).toEqual(['1']);
    expect(ticks).toEqual([noon + 1000]);
    expect(figure(live, 'events_total', noon, noon + 1000)).toBe(10);
    expect(figure(live, 'error_count')).toBe(2);
    expect(figure(live, 'clicks')).toBe(8);
    await time.advance(2000);
    expect(ticks).toEqual([noon + 1000, noon + 2000, noon + 3000]);
  });

  it('are the sums of all workers, and wait for the slowest of them', async () => {
    await startWorker('a');
    await startWorker('b');
    const live = await startReplica();
    await time.advance(400);
    deliver(events(4), { to: 0 });
    // Received long ago: this worker is behind.
    deliver(
      events(3).map((event) => ({ ...event, received_at: new Date(noon - 30_000).toISOString() })),
      { to: 1 },
    );
    await time.advance(1000);
    expect(figure(live, 'events_total')).toBe(7);
    // Where it was before.
    expect(live.watermark).toBe(noon);
    expect(live.workers.map(({ state }) => state.lag_seconds).toSorted()).toEqual([0, expect.closeTo(30, 0)]);
    await time.advance(2000);
    expect(live.watermark).toBe(noon + 3000);
  });

  it('go on without a worker that died', async () => {
    const living = await startWorker('a');
    const live = await startReplica();
    await time.advance(1400);
    const { touched: _, ...state } = living.state;
    const dead = { ...state, worker: 'b', touched: [] };
    bus.publishLive('analytics', { routingKey: workerStateKey, body: Buffer.from(JSON.stringify(dead)) });
    // Acknowledged by the one that died, and never published.
    stored.push(...events(9));
    await time.advance(1000);
    expect(live.watermark).toBe(noon + 1000);
    expect(figure(live, 'events_total')).toBe(0);
    await time.advance(6500);
    expect(live.watermark).toBe(noon + 8000);
    expect(figure(live, 'events_total')).toBe(9);
  });

  it('count what was delivered again from the store, once, within five seconds', async () => {
    await startWorker();
    const live = await startReplica();
    const accepted = events(10);
    stored.push(...accepted);
    deliver(accepted);
    await time.advance(1400);
    const revised = new Set<number>();
    live.onTick((_watermark, seconds) => {
      for (const at of seconds.get('default') ?? []) revised.add(at);
    });
    // The worker published and died before its answer; a worker takes it again.
    deliver(accepted, { redelivered: true });
    // And this one had not been published.
    const lost = events(5);
    stored.push(...lost);
    deliver(lost, { redelivered: true });
    await time.advance(5000);
    expect(figure(live, 'events_total')).toBe(15);
    expect(figure(live, 'clicks')).toBe(12);
    await time.advance(1000);
    // What was not published; the other second is as the store has it.
    expect([...revised]).toEqual([noon + 1000]);
  });

  it('are those of the store within a minute where a client repeated itself', async () => {
    await startWorker();
    const live = await startReplica();
    const accepted = events(10);
    stored.push(...accepted);
    deliver(accepted);
    deliver(accepted);
    await time.advance(1400);
    expect(figure(live, 'events_total')).toBe(20);
    await time.advance(2 * minute);
    expect(figure(live, 'events_total')).toBe(10);
    expect(figure(live, 'active_users', noon - minute, noon + minute)).toBe(10);
  });

  it('read no events of minutes that are as the store has them', async () => {
    await startWorker();
    const live = await startReplica();
    for (let n = 0; n < 20; n += 1) {
      const accepted = events(3);
      stored.push(...accepted);
      deliver(accepted);
      await time.advance(7000);
    }
    await time.advance(minute);
    expect(figure(live, 'events_total')).toBe(60);
    expect(reads).toBe(0);
    expect(live.recomputedSeconds).toBe(0);
  });

  it('wait for a store that is behind before they believe it', async () => {
    await startWorker();
    const live = await startReplica();
    const accepted = events(10);
    deliver(accepted);
    // It stores one a second while the minute is compared.
    await time.advance(69_000);
    for (const event of accepted) {
      stored.push(event);
      await time.advance(1000);
      expect(figure(live, 'events_total')).toBe(10);
    }
    await time.advance(minute);
    expect(figure(live, 'events_total')).toBe(10);
    expect(reads).toBe(0);
  });

  it('are right in the end where the store has late what was delivered again', async () => {
    await startWorker();
    const live = await startReplica();
    const lost = events(5);
    deliver(lost, { redelivered: true });
    await time.advance(12_000);
    expect(figure(live, 'events_total')).toBe(0);
    stored.push(...lost);
    await time.advance(30_000);
    expect(figure(live, 'events_total')).toBe(5);
  });

  it('take what is later than the allowed lateness from the store, and count it', async () => {
    const worker = await startWorker();
    const live = await startReplica();
    // What a worker had counted before it was first heard of is of no known minute.
    await time.advance(400);
    const late = events(6, noon - 2 * minute);
    const inTime = events(4, noon - 30_000);
    stored.push(...late, ...inTime);
    deliver([...late, ...inTime]);
    await time.advance(1400);
    expect(figure(live, 'events_total')).toBe(4);
    expect(worker.state.late).toBe(6);
    expect(live.lateIn(noon)).toBe(6);
    await time.advance(5000);
    expect(figure(live, 'events_total', noon - 2 * minute, noon - minute)).toBe(6);
    expect(figure(live, 'events_total')).toBe(10);
  });

  it('take what the queue dropped from the store', async () => {
    await startWorker();
    const live = await startReplica();
    await time.advance(20_000);
    stored.push(...events(7));
    consumers[0]?.onGap?.({ batches: 1, reason: 'too long' });
    await time.advance(5000);
    expect(figure(live, 'events_total')).toBe(7);
  });

  it('have the last hour by seconds, and the day by minutes, right after a start', async () => {
    for (let n = 1; n <= 90; n += 1) stored.push(...events(2, noon - n * 50_000));
    stored.push(...events(5, noon - 10 * 60 * minute));
    const live = await startReplica();
    await time.advance(1000);
    expect(figure(live, 'events_total', noon - 50_000, noon - 49_000)).toBe(2);
    expect(figure(live, 'events_total', noon - 60 * minute, noon)).toBe(2 * 72);
    expect(figure(live, 'events_total', noon - 11 * 60 * minute, noon)).toBe(185);
    expect(figure(live, 'clicks', noon - 50_000, noon - 49_000)).toBe(1);
  });

  it('say from when on they are read, after the store was given what the bus delivers again', async () => {
    stored.push(...events(5, noon - 10 * 60 * minute), ...events(5, noon - minute));
    const live = await startReplica();
    await time.advance(1000);
    expect(figure(live, 'events_total', noon - 11 * 60 * minute)).toBe(10);
    expect(live.knownFrom('default')).toBe(noon + minute);
    // Accepted before the start, and stored after it.
    stored.push(...events(3, noon - 2 * minute));
    await time.advance(2000);
    expect(live.knownFrom('default')).toBe(Number.NEGATIVE_INFINITY);
    expect(figure(live, 'events_total', noon - 11 * 60 * minute)).toBe(13);
  });

  it('have totals at once after a start, and all of it when its events can be read', async () => {
    stored.push(...events(10, noon - 10 * minute));
    let mayRead = (): void => {};
    const reading = new Promise<void>((resolve) => (mayRead = resolve));
    const failing = { tries: 0 };
    const live = createLiveMetrics({
      ...parts(),
      events: {
        history: store.history,
        async *export(query) {
          failing.tries += 1;
          await reading;
          if (failing.tries === 1) throw new Error('The store is away');
          yield* store.export(query);
        },
      },
    });
    await live.start();
    await time.advance(100);
    expect(figure(live, 'events_total')).toBe(10);
    expect(figure(live, 'error_count')).toBe(2);
    expect(figure(live, 'clicks')).toBeNull();
    mayRead();
    await time.advance(0);
    expect(figure(live, 'events_total')).toBe(0);
    await time.advance(5000);
    expect(failing.tries).toBeGreaterThan(1);
    expect(figure(live, 'events_total')).toBe(10);
    expect(figure(live, 'clicks')).toBe(8);
    await live.stop();
  });

  it('replace a metric by what a backfill sends, and leave the others', async () => {
    await startWorker();
    const live = await startReplica();
    const accepted = events(10);
    stored.push(...accepted);
    deliver(accepted);
    await time.advance(1400);
    const delta: MetricDelta = {
      schema: 1,
      project: 'default',
      metrics: [toMetricData({ name: 'clicks', type: 'counter', tags: {}, second: noon, packed: 3 })],
      replaces: { metric: 'clicks', from: noon, to: noon + 1000 },
    };
    bus.publishLive('analytics', { routingKey: metricDeltaKey, body: Buffer.from(JSON.stringify(delta)) });
    expect(figure(live, 'clicks')).toBe(3);
    expect(figure(live, 'events_total')).toBe(10);
  });

  it('are not disturbed by messages that they do not understand', async () => {
    await startWorker();
    const live = await startReplica();
    for (const body of ['{', '{}', '{"schema":2}'])
      bus.publishLive('analytics', { routingKey: metricDeltaKey, body: Buffer.from(body) });
    deliver(events(1));
    await time.advance(1400);
    expect(figure(live, 'events_total')).toBe(1);
  });
});
