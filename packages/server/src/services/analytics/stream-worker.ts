import {
  type Event,
  eventLineLayout,
  type MetricDelta,
  metricDeltaKey,
  type WorkerState,
  workerStateKey,
} from '@streamflow/contracts';
import type { Clock } from '../../domain/clock.ts';
import { correlationIdsOf } from '../../domain/events/correlation-ids.ts';
import type { Log } from '../../domain/log.ts';
import { EventFold } from '../../domain/metrics/event-fold.ts';
import { parseEventLine, parseEventLines } from '../../domain/metrics/event-lines.ts';
import { KnownTexts } from '../../domain/metrics/known-texts.ts';
import { LineScan } from '../../domain/metrics/line-scan.ts';
import { toMetricData } from '../../domain/metrics/metric-messages.ts';
import { minutesKept } from '../../domain/metrics/metric-ring.ts';
import type { Timers } from '../../domain/timers.ts';
import type { Bus, Consumption, Delivery } from '../../engines/bus/port.ts';
import type { DefinitionSource } from '../../live-metrics/definition-source.ts';
import { FoldedTraces } from './folded-traces.ts';
import { TouchedSpans } from './touched-spans.ts';

/*
 * From deliveries of the analytics queue to deltas on the `analytics` exchange.
 *
 *   delivery ── folded into seconds by event time ──> waiting ── each second, or when much waits ──> deltas published,
 *                                                                                     then deliveries acknowledged
 *
 * - What was handed out before may be in a delta already: nobody can know. It is not folded; the seconds that it touches
 *   are told to the replicas, which compute them from the stored events. So also the span of a gap in the queue.
 * - What is later than the allowed lateness is not folded either: it is counted, and its minute told in the same way.
 * - Deltas are sent shortly after the turn of a second, so that a second is whole in its first delta but for what is
 *   out of order.
 * - The watermark is the time before which this worker has folded all that it takes, as far as it knows: a little behind
 *   the clock, and by its lag while it has a backlog.
 */

export interface StreamWorkerOptions {
  readonly bus: Pick<Bus, 'consume' | 'publishLive'>;
  readonly definitions: Pick<DefinitionSource, 'of' | 'ready'>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Log;
  /** Unique among workers. */
  readonly name: string;
  readonly allowedLatenessMs: number;
  readonly maxTagValues: number;
}

export interface StreamWorker {
  start(): Promise<void>;
  /** Publishes what was folded, acknowledges it, and ends. */
  stop(): Promise<void>;
  readonly state: WorkerState;
}

const second = 1000;
const layout = eventLineLayout.timestamp;
const secondLength = 'YYYY-MM-DDTHH:MM:SS'.length;
/** How long after the turn of a second its deltas are sent. */
const settleMs = 350;
/** A lag below this is the way of an event through the bus. */
const noLagMs = 2000;
const prefetchBytes = 32 * 1024 * 1024;
const prefetchCount = 16_000;
/** What waits is published early at so much, so that deliveries go on. */
const flushBytes = prefetchBytes / 4;
const flushCount = prefetchCount / 4;

export function createStreamWorker(options: StreamWorkerOptions): StreamWorker {
  const { bus, definitions, clock, timers, log, name } = options;
  const fold = new EventFold({
    maxTagValues: options.maxTagValues,
    definitions: (project) => definitions.of(project),
  });
  const touched = new TouchedSpans();
  const traces = new FoldedTraces();
  const texts = new KnownTexts();
  const known = new Set<string>();
  let consumption: Consumption | null = null;
  let cancel = (): void => {};
  let waiting: Delivery[] = [];
  let waitingBytes = 0;
  let events = 0;
  let late = 0;
  let leaving = false;
  let lagMs = 0;
  let watermark = 0;
  let lastFlushAt = clock.now();

  function take(delivery: Delivery): void {
    const { project } = delivery.batch.headers;
    if (known.has(project)) add(delivery);
    else
      void definitions.ready(project).then(() => {
        known.add(project);
        add(delivery);
      });
  }

  function add(delivery: Delivery): void {
    const now = clock.now();
    const { body } = delivery.batch;
    events += addBatch(delivery, now);
    if (!delivery.redelivered) lagMs = now - receivedAt(body);
    waiting.push(delivery);
    waitingBytes += body.length;
    if (waiting.length >= flushCount || waitingBytes >= flushBytes) publish();
  }

  /** Folds what is to be folded, tells of the rest, and returns how many events there are. */
  function addBatch({ batch: { body, headers }, redelivered, id }: Delivery, now: number): number {
    const { project, type, traceparent } = headers;
    if (traceparent !== undefined && !redelivered)
      traces.add(project, { traceparent, type, second: secondOf(body) });
    const oldest = now - options.allowedLatenessMs;
    const isWhole = fold.needsWholeEvents(project, type);
    let whole: readonly (Event | null)[] | null = null;
    let scan: LineScan | null = null;
    /** Where the time of the line before stands, and the start of its second. */
    let timeBefore = -1;
    let start = 0;
    let index = 0;
    for (let at = 0; at < body.length; index += 1) {
      const lineFeed = body.indexOf(0x0a, at);
      const end = lineFeed < 0 ? body.length : lineFeed;
      const line = at;
      at = end + 1;
      const time = line + layout.start;
      // Events of a batch are mostly of the same second.
      if (timeBefore < 0 || !isSameText(body, timeBefore, time, secondLength))
        start = Date.parse(`${body.toString('latin1', time, time + secondLength)}Z`);
      timeBefore = time;
      if (redelivered) {
        if (start >= now - minutesKept) touched.addSecond(project, start);
        continue;
      }
      if (start + second <= oldest) {
        late += 1;
        if (start >= now - minutesKept) touched.addMinute(project, start);
        continue;
      }
      const exact = start + milliseconds(body, line + layout.end - 4);
      if (!isWhole) {
        scan ??= new LineScan(project, type, texts);
        const measures = scan.read(body, line);
        if (measures !== null) {
          fold.addMeasures(project, measures, exact);
          continue;
        }
      }
      if (isWhole) whole ??= parseEventLines(body.toString('utf8'));
      const event = whole === null ? parseEventLine(body.toString('utf8', line, end)) : whole[index];
      if (event === null || event === undefined)
        log.error('A line is not an event', { batch: id, correlation_ids: correlationIdsOf(body) });
      else fold.add(project, event, exact);
    }
    return index;
  }

  /** Publishes what was folded and acknowledges where it came from. */
  function publish(): void {
    for (const [project, metrics] of fold.take()) {
      const traced = traces.take(project);
      const delta: MetricDelta = {
        schema: 1,
        project,
        metrics: metrics.map(toMetricData),
        ...(traced.length === 0 ? {} : { traces: traced }),
      };
      bus.publishLive('analytics', { routingKey: metricDeltaKey, body: Buffer.from(JSON.stringify(delta)) });
    }
    for (const delivery of waiting) delivery.ack();
    waiting = [];
    waitingBytes = 0;
  }

  function tell(): void {
    const body = Buffer.from(JSON.stringify({ ...state(), touched: touched.take() }));
    bus.publishLive('analytics', { routingKey: workerStateKey, body });
  }

  function flush(): void {
    const now = clock.now();
    const isIdle = waiting.length === 0;
    publish();
    if (isIdle) lagMs = 0;
    const behind = lagMs > noLagMs ? lagMs : 0;
    watermark = Math.max(watermark, Math.floor((now - settleMs - behind) / second) * second);
    tell();
    lastFlushAt = now;
    schedule();
  }

  function schedule(): void {
    const now = clock.now();
    const turn = Math.floor((now - settleMs) / second) * second + second + settleMs;
    cancel = timers.after(Math.max(1, turn - now), flush);
  }

  const state = (): WorkerState => ({
    schema: 1,
    worker: name,
    leaving,
    watermark,
    lag_seconds: lagMs > noLagMs ? lagMs / 1000 : 0,
    events,
    late,
    ...fold.counts,
    touched: [],
  });

  return {
    async start() {
      consumption = await bus.consume('events.analytics', {
        prefetchBytes,
        prefetchCount,
        onDelivery: take,
        onGap({ batches, reason }) {
          log.warning('Events were dropped before analytics saw them; computed from the store', {
            batches,
            reason,
          });
          // They were received before the queue let go of them; how long before is as long as it was behind.
          touched.addSpan(lastFlushAt - lagMs - second, clock.now());
        },
      });
      schedule();
    },
    async stop() {
      cancel();
      consumption?.pause();
      leaving = true;
      publish();
      tell();
      await consumption?.close();
    },
    get state() {
      return state();
    },
  };
}

/** The second of its first event. */
const secondOf = (body: Buffer): number =>
  Date.parse(`${body.toString('latin1', layout.start, layout.start + secondLength)}Z`);

/** When the last event of the body was received: its line starts after the line feed before the last. */
function receivedAt(body: Buffer): number {
  const line = body.lastIndexOf(0x0a, body.length - 2) + 1;
  const { start, end } = eventLineLayout.receivedAt;
  return Date.parse(body.toString('latin1', line + start, line + end));
}

function isSameText(bytes: Buffer, a: number, b: number, length: number): boolean {
  for (let i = 0; i < length; i += 1) if (bytes[a + i] !== bytes[b + i]) return false;
  return true;
}

/** Three digits at a place. */
const milliseconds = (bytes: Buffer, at: number): number =>
  100 * (bytes[at] ?? 0) + 10 * (bytes[at + 1] ?? 0) + (bytes[at + 2] ?? 0) - 111 * 0x30;
