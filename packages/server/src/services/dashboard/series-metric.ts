import type { StoredMetric } from '@streamflow/contracts';
import { aggregationMetrics, storedMetrics } from '@streamflow/contracts';
import type { AggregationQuery } from '../../domain/queries/event-query.ts';
import { readField } from '../../domain/queries/parse-measured.ts';
import type { QueryReader } from '../../domain/queries/query-reader.ts';

type Value = number | null;

/** What is measured, as the store is asked for it. */
export interface SeriesMeasured extends Pick<AggregationQuery, 'metric' | 'field'> {
  readonly name: string;
  /** The metric from what the store says of so many seconds. */
  scale(value: Value, seconds: number): Value;
}

const asItIs = (value: Value): Value => value;
const perSecond = (value: Value, seconds: number): Value => (value === null ? null : value / seconds);

const askedFor: Readonly<Record<StoredMetric, Pick<AggregationQuery, 'metric' | 'field'>>> = {
  events_total: { metric: 'count' },
  events_per_second: { metric: 'count' },
  unique_users: { metric: 'unique_users' },
  active_users: { metric: 'unique_users' },
  active_sessions: { metric: 'unique_sessions' },
  error_count: { metric: 'error_count' },
  error_rate: { metric: 'error_rate' },
  response_time_avg: { metric: 'avg', field: 'response_time' },
  response_time_p50: { metric: 'p50', field: 'response_time' },
  response_time_p95: { metric: 'p95', field: 'response_time' },
  response_time_p99: { metric: 'p99', field: 'response_time' },
};

/** Reads `metric`, and `field` where the metric is an aggregation that needs one. */
export function readMeasured(reader: QueryReader): SeriesMeasured {
  const name = reader.oneOf('metric', [...storedMetrics, ...aggregationMetrics]) ?? 'events_total';
  const stored = storedMetrics.find((metric) => metric === name);
  if (stored !== undefined) {
    if (reader.text('field') !== undefined) reader.refuse('field', `metric ${name} takes no field`);
    return { ...askedFor[stored], name, scale: stored === 'events_per_second' ? perSecond : asItIs };
  }
  const metric = aggregationMetrics.find((known) => known === name) ?? 'count';
  const field = readField(reader, metric);
  return { metric, name, scale: asItIs, ...(field === undefined ? {} : { field }) };
}
