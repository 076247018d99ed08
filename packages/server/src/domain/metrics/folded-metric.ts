import type { MetricType } from '@streamflow/contracts';
import type { PackedAggregate } from './aggregate.ts';
import type { Tags } from './tag-caps.ts';

/** What was measured of one metric with one combination of tag values in one second, or a longer interval. */
export interface FoldedMetric {
  readonly name: string;
  readonly type: MetricType;
  readonly tags: Tags;
  /** Start of it, milliseconds since the epoch. */
  readonly second: number;
  readonly packed: PackedAggregate;
}
