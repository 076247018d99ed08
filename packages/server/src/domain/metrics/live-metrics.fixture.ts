import type { Event } from '@streamflow/contracts';
import type { DefinedMetric } from './defined-metric.ts';
import { EventFold } from './event-fold.ts';
import type { LiveMetrics, RevisedSeconds } from './live-metrics.ts';
import { MetricRings } from './metric-rings.ts';

/** Live metrics that a test fills with events, and whose watermark it moves. */
export interface TestLive extends LiveMetrics {
  readonly rings: MetricRings;
  add(...events: readonly Event[]): void;
  /** Tells of a watermark, and of seconds before it that were revised. */
  tick(watermark: number, revised?: readonly number[]): void;
}

export function createTestLive(
  now: number,
  definitions: readonly DefinedMetric[] = [],
  project = 'default',
): TestLive {
  const rings = new MetricRings(200);
  rings.advance(now);
  const listeners = new Set<(watermark: number, revised: RevisedSeconds) => void>();
  let watermark = now;
  return {
    rings,
    read: (query) => rings.read(query),
    typeOf: (of, metric) => rings.typeOf(of, metric),
    namesOf: (of) => rings.namesOf(of),
    get watermark() {
      return watermark;
    },
    knownFrom: () => Number.NEGATIVE_INFINITY,
    tracesOf: () => [],
    onTick(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    add(...events) {
      const fold = new EventFold({ maxTagValues: 200, definitions: () => definitions });
      for (const event of events) fold.add(project, event, Date.parse(event.timestamp));
      rings.add(project, fold.take().get(project) ?? []);
    },
    tick(moved, revised = []) {
      watermark = moved;
      const seconds = new Map(revised.length === 0 ? [] : [[project, new Set(revised)]]);
      for (const listener of listeners) listener(watermark, seconds);
    },
  };
}

let made = 0;

export function testEvent(parts: Partial<Event> & { readonly at: number }): Event {
  const { at, ...given } = parts;
  const timestamp = new Date(at).toISOString();
  made += 1;
  return {
    id: `00000000-0000-4000-8000-${String(made).padStart(12, '0')}`,
    type: 'web.click',
    source: 'website',
    timestamp,
    severity: 'medium',
    data: {},
    metadata: {},
    correlation_id: null,
    session_id: null,
    user_id: null,
    tags: [],
    received_at: timestamp,
    ...given,
  };
}
