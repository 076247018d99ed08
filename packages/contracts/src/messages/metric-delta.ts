import Type from 'typebox';
import { MetricData } from '../model/metric.ts';

/*
 * What analytics workers publish on the `analytics` exchange, JSON. Every dashboard and alerting replica sees all of it.
 * Not durable: what is lost is computed again from the stored events.
 */

const Project = Type.String();
const Time = (description: string) =>
  Type.Integer({ description: `${description} Milliseconds since the epoch.` });

/**
 * Measured by one worker since its last delta, to be added to what others measured; or, with `replaces`, the whole of
 * what was measured in a span. `metadata` of each has either `count`, where every value is 1, or `aggregate`: count, sum,
 * extremes and sketches, packed, in Base64. `timestamp` is the start of a second.
 */
export const MetricDelta = Type.Object({
  schema: Type.Literal(1, { description: 'Version of this message format.' }),
  project: Project,
  metrics: Type.Array(MetricData),
  traces: Type.Optional(
    Type.Array(
      Type.Object({
        traceparent: Type.String({ description: 'W3C trace context of a batch that was folded.' }),
        type: Type.String({ description: 'Type of its events.' }),
        second: Time('Start of the second of its first event.'),
      }),
      { maxItems: 32, description: 'Some of the traced batches that are in the delta.' },
    ),
  ),
  replaces: Type.Optional(
    Type.Object({
      metric: Type.String(),
      from: Time('Included.'),
      to: Time('Not included.'),
    }),
  ),
});
export type MetricDelta = Type.Static<typeof MetricDelta>;

/** What a worker says of itself once a second, after its deltas. */
export const WorkerState = Type.Object({
  schema: Type.Literal(1),
  worker: Type.String({ description: 'Unique among workers.' }),
  leaving: Type.Boolean({ description: 'Whether this is its last word: it has published all that it took.' }),
  watermark: Time(
    'All events that this worker takes of seconds before are in its deltas, as far as it knows.',
  ),
  lag_seconds: Type.Number({
    minimum: 0,
    description: 'Age of the events that it takes now, from their receipt; 0 when it has caught up.',
  }),
  events: Type.Integer({ minimum: 0, description: 'Events folded since it started.' }),
  late: Type.Integer({
    minimum: 0,
    description: 'Events that came after the allowed lateness, since it started.',
  }),
  overflow: Type.Integer({
    minimum: 0,
    description: 'Events whose tags were beyond the cap of a metric, since it started.',
  }),
  unusable: Type.Integer({
    minimum: 0,
    description: 'Events of type `metric` without a usable measurement, since it started.',
  }),
  unmeasured: Type.Integer({
    minimum: 0,
    description: 'Events for which an expression of a definition had no value, since it started.',
  }),
  touched: Type.Array(
    Type.Object({
      project: Type.Union([Project, Type.Null()], { description: 'Null for every project.' }),
      from: Time('Included.'),
      to: Time('Not included.'),
    }),
    { description: 'Spans whose deltas may be wrong; to be computed from the stored events.' },
  ),
});
export type WorkerState = Type.Static<typeof WorkerState>;

/** Routing keys on the `analytics` exchange. */
export const metricDeltaKey = 'analytics.delta';
export const workerStateKey = 'analytics.worker';
