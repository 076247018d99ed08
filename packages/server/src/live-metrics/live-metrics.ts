import { MetricDelta, metricDeltaKey, WorkerState, workerStateKey } from '@streamflow/contracts';
import { Compile } from 'typebox/compile';
import type { Clock } from '../domain/clock.ts';
import type { Log } from '../domain/log.ts';
import type { FoldedMetric } from '../domain/metrics/folded-metric.ts';
import type { LiveMetrics } from '../domain/metrics/live-metrics.ts';
import { fromMetricData } from '../domain/metrics/metric-messages.ts';
import { MetricRings } from '../domain/metrics/metric-rings.ts';
import type { Timers } from '../domain/timers.ts';
import type { Bus, LiveMessage } from '../engines/bus/port.ts';
import type { EventStore } from '../engines/event-store/port.ts';
import type { DefinitionSource } from './definition-source.ts';
import { LateEvents } from './late-events.ts';
import { RecentTraces } from './recent-traces.ts';
import { RevisedSecondsLog } from './revised-seconds-log.ts';
import { StoreCheck } from './store-check.ts';

export interface LiveMetricsOptions {
  readonly bus: Pick<Bus, 'subscribeLive'>;
  readonly events: Pick<EventStore, 'history' | 'export'>;
  readonly definitions: Pick<DefinitionSource, 'of' | 'ready'>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  readonly maxTagValues: number;
}

/** A worker as it was heard of last. */
export interface SeenWorker {
  readonly state: Omit<WorkerState, 'touched'>;
  /** Milliseconds since the epoch. */
  readonly seenAt: number;
}

export interface RunningLiveMetrics extends LiveMetrics {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Workers that were heard of in the last ten seconds. */
  readonly workers: readonly SeenWorker[];
  /** Events of all projects that came after the allowed lateness in the minute that starts then, as far as was heard. */
  lateIn(minute: number): number;
  /** Combinations of metric, tags and second that had no place of their own. */
  readonly overflow: number;
  /** Seconds that were computed again from the store. */
  readonly recomputedSeconds: number;
  /** Minutes that wait to be compared with the store. */
  readonly minutesToCompare: number;
}

const second = 1000;
const deltas = Compile(MetricDelta);
const states = Compile(WorkerState);
/** A worker that is silent for so long holds the watermark up no longer. */
const silentAfterMs = 2500;
const goneAfterMs = 10_000;
/** Where the watermark is without any worker. */
const behindMs = 2000;
/** When in a second it is looked whether the watermark has moved, should no worker have told. */
const tickAtMs = 700;

/** The live metrics of this process, merged from all workers and kept equal to the store. */
export function createLiveMetrics(options: LiveMetricsOptions): RunningLiveMetrics {
  const { bus, clock, timers, log } = options;
  const rings = new MetricRings(options.maxTagValues);
  let recomputedSeconds = 0;
  const check = new StoreCheck({
    ...options,
    rings,
    onRecomputed(project, { from, to }) {
      recomputedSeconds += (to - from) / second;
      for (let at = from; at < to; at += second) revised.note(project, at, watermark);
    },
  });
  const revised = new RevisedSecondsLog();
  const traces = new RecentTraces();
  const workers = new Map<string, SeenWorker>();
  const late = new LateEvents();
  /** Workers of these that are silent, and were told of. */
  const silent = new Set<string>();
  const listeners = new Set<Parameters<LiveMetrics['onTick']>[0]>();
  let watermark = floor(clock.now() - behindMs);
  let subscription: { close(): Promise<void> } | null = null;
  let cancel = (): void => {};

  function onMessage({ routingKey, body }: LiveMessage): void {
    try {
      const message: unknown = JSON.parse(body.toString('utf8'));
      if (routingKey === metricDeltaKey && deltas.Check(message)) onDelta(message);
      else if (routingKey === workerStateKey && states.Check(message)) onState(message);
      else log.warning('A message of analytics is not understood', { routing_key: routingKey });
    } catch (error) {
      log.error('A message of analytics could not be taken in', { error, routing_key: routingKey });
    }
  }

  function onDelta({ project, metrics, replaces, traces: told = [] }: MetricDelta): void {
    traces.add(project, told);
    const folded = metrics.map(fromMetricData).filter((one): one is FoldedMetric => one !== null);
    if (replaces !== undefined) {
      rings.replace(project, replaces, folded);
      for (let at = replaces.from; at < replaces.to; at += second) revised.note(project, at, watermark);
      return;
    }
    rings.add(project, folded);
    for (const at of new Set(folded.map((one) => one.second))) {
      check.onMeasured(project, at);
      revised.note(project, at, watermark);
    }
  }

  function onState({ touched, ...state }: WorkerState): void {
    late.add(state, workers.get(state.worker)?.state.late, clock.now());
    if (state.leaving) workers.delete(state.worker);
    else workers.set(state.worker, { state, seenAt: clock.now() });
    for (const { project, from, to } of touched) check.onTouched(project, { from, to });
    move();
  }

  /** A worker that died may have acknowledged what nobody got. */
  function onSilent(name: string, seenAt: number): void {
    silent.add(name);
    log.warning('An analytics worker is silent; its last seconds are compared with the store', {
      worker: name,
    });
    check.onTouched(null, { from: seenAt - silentAfterMs, to: clock.now() });
  }

  /** Moves the watermark on as far as all workers have come. */
  function move(): void {
    const now = clock.now();
    const marks: number[] = [];
    for (const [name, { seenAt, state }] of workers) {
      if (seenAt >= now - silentAfterMs) marks.push(state.watermark);
      else if (!silent.has(name)) onSilent(name, seenAt - 1000 * state.lag_seconds);
      if (seenAt < now - goneAfterMs) workers.delete(name);
    }
    for (const name of silent) if (!workers.has(name)) silent.delete(name);
    const moved = marks.length === 0 ? floor(now - behindMs) : Math.min(...marks);
    if (moved <= watermark) return;
    watermark = moved;
    const seconds = revised.take();
    for (const listener of listeners) {
      try {
        listener(watermark, seconds);
      } catch (error) {
        log.error('A listener of live metrics threw', { error });
      }
    }
  }

  function schedule(): void {
    const now = clock.now();
    cancel = timers.after(floor(now - tickAtMs) + second + tickAtMs - now, () => {
      rings.advance(clock.now());
      move();
      schedule();
    });
  }

  return {
    read: (query) => rings.read(query),
    typeOf: (project, metric) => rings.typeOf(project, metric),
    namesOf: (project) => rings.namesOf(project),
    get watermark() {
      return watermark;
    },
    knownFrom: (project) => check.knownFrom(project),
    tracesOf: (project, from, to, type) => traces.of(project, from, to, type),
    onTick(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async start() {
      rings.advance(clock.now());
      subscription = await bus.subscribeLive('analytics', 'analytics.#', onMessage);
      check.start();
      schedule();
    },
    async stop() {
      cancel();
      await subscription?.close();
      await check.stop();
    },
    get workers() {
      return [...workers.values()];
    },
    lateIn: (minute) => late.in(minute),
    get overflow() {
      return rings.overflow;
    },
    get recomputedSeconds() {
      return recomputedSeconds;
    },
    get minutesToCompare() {
      return check.waiting;
    },
  };
}

const floor = (time: number): number => Math.floor(time / second) * second;
