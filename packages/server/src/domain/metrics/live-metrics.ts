import type { MetricType } from '@streamflow/contracts';

/** What was measured of a metric in a span of time. Values are in the metric's unit. */
export interface MetricValue {
  /** How many values, or events where the metric counts events. */
  readonly count: number;
  readonly sum: number;
  /** Null without values. */
  readonly min: number | null;
  readonly max: number | null;
  /** The latest by event time. */
  readonly last: number | null;
  /** How many distinct texts, within 2 %, where the metric counts those. */
  readonly unique: number;
  /** Within 1 % of the value; null without values. `q` from 0 to 1. */
  quantile(q: number): number | null;
}

export interface MetricRead {
  readonly project: string;
  /** Name of a metric; unknown ones have no values. */
  readonly metric: string;
  /** Milliseconds since the epoch, whole seconds; included. */
  readonly from: number;
  /** Not included. */
  readonly to: number;
  /** Tags to part the values by; all together unless given. */
  readonly groupBy?: readonly string[];
}

/** One combination of tag values and what was measured of it. */
export interface MetricGroup {
  /** In the order of `groupBy`; empty when all are together. */
  readonly tags: readonly string[];
  readonly value: MetricValue;
}

/** By project the starts of seconds before the watermark that are not as they were at the tick before. */
export type RevisedSeconds = ReadonlyMap<string, ReadonlySet<number>>;

/**
 * The metrics of the last hours, merged from what all analytics workers publish; whole seconds, by event time. Provisional
 * for at most a minute, then the store's.
 */
export interface LiveMetrics {
  /** Over the span; without groups when nothing was measured. */
  read(query: MetricRead): readonly MetricGroup[];
  /** Seconds before this are closed: what comes for them later is late. Milliseconds since the epoch. */
  readonly watermark: number;
  /**
   * All is read from here on, milliseconds since the epoch. What lies before may lack what was stored before this process
   * started: it is read after the start, newest first.
   */
  knownFrom(project: string): number;
  /** Told about once a second when there is something new; returns how to stop that. */
  onTick(listener: (watermark: number, revised: RevisedSeconds) => void): () => void;
  /** Trace contexts of some of the batches that were measured in a span, the newest first; none where nothing is traced. */
  tracesOf(project: string, from: number, to: number, type?: string): readonly string[];
  /** What kind a metric is; null while nothing of it was measured. */
  typeOf(project: string, metric: string): MetricType | null;
  /** Metrics of the project that were defined or sent, by name. */
  namesOf(project: string): readonly string[];
}
