import type { AggregationMetric, GroupableField, Severity } from '@streamflow/contracts';
import type { Intervals } from '../time/intervals.ts';
import type { PropertyPath } from './property-path.ts';

/** Which events: every given condition must hold; the values of one condition are alternatives. */
export interface EventFilter {
  readonly project: string;
  /** Milliseconds since the epoch, inclusive. */
  readonly start?: number;
  /** Milliseconds since the epoch, exclusive. */
  readonly end?: number;
  readonly types?: readonly string[];
  readonly sources?: readonly string[];
  readonly severities?: readonly Severity[];
  readonly userIds?: readonly string[];
  readonly sessionIds?: readonly string[];
  readonly correlationIds?: readonly string[];
  readonly tags?: readonly string[];
  readonly properties?: readonly PropertyCondition[];
}

/**
 * A property of `data` equals one of the values. Values come as text: a JSON string fits when it is the text itself,
 * a number when the text reads as a number that is equal, a boolean or null when the text is its JSON. Lists and
 * objects never fit.
 */
export interface PropertyCondition {
  readonly path: PropertyPath;
  readonly values: readonly string[];
}

export type EventOrder = 'asc' | 'desc';

/** Position of an event in the order by (timestamp, id). */
export interface EventPosition {
  /** Milliseconds since the epoch. */
  readonly timestamp: number;
  readonly id: string;
}

export interface EventListQuery {
  readonly filter: EventFilter;
  readonly order: EventOrder;
  readonly limit: number;
  /** Rows to pass over; not together with `after`. */
  readonly offset?: number;
  /** Only what comes after this position in the order. */
  readonly after?: EventPosition;
}

/** Events without the field are in the group `null`; times stand for themselves as in events, to the millisecond. */
export type GroupKey =
  | { readonly kind: 'field'; readonly field: Exclude<GroupableField, 'tags'> }
  | { readonly kind: 'property'; readonly path: PropertyPath }
  /** The label of a property's text, and `rest` for texts without one. */
  | {
      readonly kind: 'labelled';
      readonly path: PropertyPath;
      readonly labels: ReadonlyMap<string, string>;
      readonly rest: string;
    };

/**
 * Beside the documented ones: different values of `session_id`, errors, and their share of the events, which is 0 of none.
 */
export type QueryMetric = AggregationMetric | 'unique_sessions' | 'error_count' | 'error_rate';

export interface AggregationQuery {
  readonly filter: EventFilter;
  readonly metric: QueryMetric;
  /**
   * Whose numeric values are aggregated; given for every metric that does not count. `response_time` is that of
   * domain/metrics, in seconds.
   */
  readonly field?: PropertyPath | 'response_time';
  /** None, one or two. Grouping by `tag` counts an event once in each of its tags, and `null` has those without any. */
  readonly groupBy: readonly GroupKey[];
  readonly interval?: Intervals;
  /** Largest groups to keep, by value and then by name; the rest go into `other`. */
  readonly limit: number;
  /** Keeps these groups, each its values in the order of `groupBy`, instead of the largest. */
  readonly only?: readonly (readonly string[])[];
}
