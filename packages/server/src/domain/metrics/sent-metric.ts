import {
  type Event,
  type MetricType,
  metricNamePattern,
  metricTypes,
  tagNamePattern,
} from '@streamflow/contracts';
import { isBuiltInMetric } from './built-in-metrics.ts';
import type { Tags } from './tag-caps.ts';

/** A measurement that was sent as an event of type `metric`. */
export interface SentMetric {
  readonly name: string;
  readonly type: MetricType;
  readonly value: number;
  readonly tags: Tags;
}

const metricName = new RegExp(metricNamePattern);
const tagName = new RegExp(tagNamePattern);
const mostTags = 8;
const mostTagCharacters = 256;

const isMetricType = (type: unknown): type is MetricType => metricTypes.some((known) => known === type);

/** The MetricData in `data`, a gauge unless it says what it is; null when it is none, or has the name of a built-in metric. */
export function sentMetricOf({ data }: Pick<Event, 'data'>): SentMetric | null {
  const { name, type = 'gauge', value, tags = {} } = data;
  if (typeof name !== 'string' || !metricName.test(name) || isBuiltInMetric(name)) return null;
  if (!isMetricType(type) || typeof value !== 'number' || !Number.isFinite(value)) return null;
  if (typeof tags !== 'object' || tags === null) return null;
  const kept: Record<string, string> = {};
  for (const [tag, text] of Object.entries(tags)) {
    if (!tagName.test(tag) || Object.keys(kept).length === mostTags) return null;
    if (typeof text !== 'string') return null;
    kept[tag] = text.slice(0, mostTagCharacters);
  }
  return { name, type, value, tags: kept };
}
