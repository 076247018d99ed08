import type { LiveMetrics } from '../../domain/metrics/live-metrics.ts';

export interface SeriesQuery {
  readonly project: string;
  /** Milliseconds since the epoch, multiples of the step. */
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

/** What the metrics of a rule would have read at the end of any step, over windows of whole steps. */
export interface StoredSeries extends Pick<LiveMetrics, 'read'> {
  /** Whether anything was measured in the step that begins then. */
  hasAny(at: number): boolean;
}
