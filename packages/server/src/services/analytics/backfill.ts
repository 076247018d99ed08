import { type Backfill, BackfillBody, type MetricDelta, metricDeltaKey } from '@streamflow/contracts';
import { Compile } from 'typebox/compile';
import type { Clock } from '../../domain/clock.ts';
import type { DefinedMetric } from '../../domain/metrics/defined-metric.ts';
import { EventFold } from '../../domain/metrics/event-fold.ts';
import { toMetricData } from '../../domain/metrics/metric-messages.ts';
import type { Timers } from '../../domain/timers.ts';
import type { Bus } from '../../engines/bus/port.ts';
import type { EventStore } from '../../engines/event-store/port.ts';

/*
 * Computes one metric from the stored events and puts it in the place of what is live of it, everywhere. By the end of
 * the span every worker measures the metric, which takes them up to two seconds after it was defined; and the events of
 * the span are stored, which is waited for.
 */

export interface BackfillOptions {
  readonly events: Pick<EventStore, 'export'>;
  readonly bus: Pick<Bus, 'publishLive'>;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly maxTagValues: number;
}

export interface Backfilling {
  run(project: string, metric: DefinedMetric, minutes: number, signal: AbortSignal): Promise<Backfill>;
}

const minute = 60_000;
/** Every worker measures a new definition by then. */
const measuredAfterMs = 3000;
/** And what was received until then is stored by then. */
const storedAfterMs = 6000;
const defaultMinutes = 60;

const backfillBody = Compile(BackfillBody);

export const readBackfill = (body: unknown): number => backfillBody.Parse(body).minutes ?? defaultMinutes;

export function createBackfill(options: BackfillOptions): Backfilling {
  const { events, bus, clock, timers, maxTagValues } = options;

  return {
    async run(project, metric, minutes, signal) {
      const asked = clock.now();
      const end = Math.floor((asked + measuredAfterMs) / 1000) * 1000;
      const start = Math.floor((asked - minutes * minute) / minute) * minute;
      await wait(timers, storedAfterMs, signal);
      let read = 0;
      let measured = 0;
      const counting: DefinedMetric = {
        ...metric,
        measure(event) {
          const found = metric.measure(event);
          if (found !== null) measured += 1;
          return found;
        },
      };
      for (let from = start; from < end; from += minute) {
        const to = Math.min(from + minute, end);
        const fold = new EventFold({ maxTagValues, definitions: () => [counting], definedAlone: true });
        const filter = { project, start: from, end: to };
        for await (const page of events.export({ filter, order: 'asc' }, { signal })) {
          read += page.length;
          for (const event of page) fold.add(project, event, Date.parse(event.timestamp));
        }
        const delta: MetricDelta = {
          schema: 1,
          project,
          metrics: (fold.take().get(project) ?? []).map(toMetricData),
          replaces: { metric: metric.name, from, to },
        };
        bus.publishLive('analytics', {
          routingKey: metricDeltaKey,
          body: Buffer.from(JSON.stringify(delta)),
        });
      }
      return {
        start: new Date(start).toISOString(),
        end: new Date(end).toISOString(),
        events: read,
        measured,
      };
    },
  };
}

function wait(timers: Timers, milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      cancel();
      reject(signal.reason);
    };
    const cancel = timers.after(milliseconds, () => {
      signal.removeEventListener('abort', leave);
      resolve();
    });
    signal.addEventListener('abort', leave, { once: true });
  });
}
