import type { MetricValue } from '../metrics/live-metrics.ts';
import type { MetricFigure } from './metric-catalogue.ts';

/** One span of a metric that a condition looks at: the rule's window, so long before the present one. */
export interface ConditionRead {
  readonly metric: string;
  readonly agoMs: number;
}

/** What was measured in a read; null without values. */
export type ReadValues = (read: ConditionRead) => MetricValue | null;

/** An event filter that a condition counts by, and the metric that must count it. */
export interface CountedEvents {
  readonly metric: string;
  /** CEL over `event`. */
  readonly filter: string;
  /** Properties of the event that the count is parted by, among {@link countedTags}. */
  readonly tags: readonly string[];
}

/** Properties of an event by which counts of a filter may be grouped. */
export const countedTags = ['type', 'source', 'severity', 'user_id', 'session_id', 'correlation_id'] as const;

/** The expressions of a metric definition for these tags, by name. */
export const countedGroupBy = (tags: readonly string[]): Record<string, string> =>
  Object.fromEntries(tags.map((tag) => [tag, `event.${tag}`]));

export interface Verdict {
  /** Null when what the condition hangs on has no values. */
  readonly holds: boolean | null;
  /** The first figure of the condition, for people; null without values. */
  readonly value: number | null;
}

/** An expression that was checked when it was made. */
export interface Condition {
  readonly text: string;
  /** Everything that it may look at, each once. */
  readonly reads: readonly ConditionRead[];
  readonly counts: readonly CountedEvents[];
  /** What is made of those metrics. */
  readonly figures: readonly MetricFigure[];
  evaluate(values: ReadValues, given: { readonly threshold: number; readonly windowMs: number }): Verdict;
}

/** What is wrong with an expression, and where: characters from its beginning. */
export class ExpressionError extends Error {
  readonly start: number;
  readonly end: number;

  constructor(message: string, start: number, end: number) {
    super(message);
    this.name = 'ExpressionError';
    this.start = start;
    this.end = end;
  }
}
