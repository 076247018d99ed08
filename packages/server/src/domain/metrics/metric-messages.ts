import type { MetricData } from '@streamflow/contracts';
import { Aggregate, type PackedAggregate } from './aggregate.ts';
import type { FoldedMetric } from './folded-metric.ts';

/** What was folded, as the MetricData of a message. */
export function toMetricData({ name, type, tags, second, packed }: FoldedMetric): MetricData {
  const data = { name, type, timestamp: new Date(second).toISOString(), tags };
  if (typeof packed === 'number') return { ...data, value: packed, metadata: { count: packed } };
  return {
    ...data,
    value: plainValue(type, packed),
    metadata: { aggregate: Buffer.from(packed).toString('base64') },
  };
}

/** Null when it is not a message of ours. */
export function fromMetricData({ name, type, tags, timestamp, metadata }: MetricData): FoldedMetric | null {
  const second = Date.parse(timestamp);
  const { count, aggregate } = metadata;
  if (typeof aggregate === 'string') {
    // A copy: a slice of the pool would keep the pool.
    const packed = new Uint8Array(Buffer.from(aggregate, 'base64'));
    return { name, type, tags, second, packed };
  }
  return typeof count === 'number' ? { name, type, tags, second, packed: count } : null;
}

/** For readers of the message that cannot unpack it. */
function plainValue(type: MetricData['type'], packed: PackedAggregate): number {
  const aggregate = new Aggregate();
  aggregate.merge(packed);
  if (aggregate.count === 0) return aggregate.unique;
  if (type === 'counter') return aggregate.sum;
  return type === 'gauge' ? (aggregate.last ?? 0) : aggregate.sum / aggregate.count;
}
