import type {
  AggregationMetric,
  AnalyticsWindows,
  Comparison,
  EventTrends,
  GroupableField,
  HistoricalMetrics,
  MetricSeries,
  Pagination,
  StoredMetric,
  TopValues,
  UserDimension,
  UserDistribution,
} from '@streamflow/contracts';
import type { DataPath, EventFilter, ReadOptions } from './events-api.ts';
import type { Query } from './query-string.ts';
import type { Transport } from './transport.ts';

/** `start`: 24 hours before the end unless given. `end`: now unless given. */
export type PeriodQuery = EventFilter;

export type IntervalQuery = PeriodQuery & {
  /** `1s` to `30d`, `1w`, `1mo`; `1h` unless given. */
  readonly interval?: string | undefined;
  /** IANA name of the zone whose days, weeks and months are meant; `UTC` unless given. */
  readonly time_zone?: string | undefined;
};

export type HistoryQuery = IntervalQuery & {
  /** What a point says; events, users and errors unless given. */
  readonly metrics?: readonly StoredMetric[] | undefined;
  readonly page?: number | undefined;
  /** Points a page, at most 10,000; 1,000. */
  readonly limit?: number | undefined;
};

export type SeriesQuery = IntervalQuery & {
  /** `events_total` unless given. */
  readonly metric?: StoredMetric | AggregationMetric | undefined;
  /** For aggregations but `count`. */
  readonly field?: DataPath | undefined;
  /** One or two. */
  readonly group_by?: GroupableField | DataPath | readonly (GroupableField | DataPath)[] | undefined;
  /** The largest groups that are kept, at most 100; 10. */
  readonly limit?: number | undefined;
  readonly compare?: Comparison | undefined;
};

/** `limit`: values, at most 1,000; 10. */
export type TopQuery = PeriodQuery & { readonly limit?: number | undefined };

export interface HistoryPage {
  readonly data: readonly HistoricalMetrics[];
  readonly pagination: Pagination;
}

/** Metrics from the stored events. Every method throws StreamFlowApiError. */
export interface MetricsApi {
  historical(query?: HistoryQuery, options?: ReadOptions): Promise<HistoryPage>;
  series(query?: SeriesQuery, options?: ReadOptions): Promise<MetricSeries>;
  top(
    query: TopQuery & { readonly property: GroupableField | DataPath },
    options?: ReadOptions,
  ): Promise<TopValues>;
}

/** What the stored events tell of types, sources and users. Every method throws StreamFlowApiError. */
export interface AnalyticsApi {
  /** `limit`: types that are named, at most 100; 10. */
  eventTrends(
    query?: IntervalQuery & { readonly limit?: number | undefined },
    options?: ReadOptions,
  ): Promise<EventTrends>;
  userDistribution(
    query?: PeriodQuery & { readonly by?: UserDimension | undefined },
    options?: ReadOptions,
  ): Promise<UserDistribution>;
  topSources(query?: TopQuery, options?: ReadOptions): Promise<TopValues>;
  eventTypes(query?: TopQuery, options?: ReadOptions): Promise<TopValues>;
  /** The last minutes and the workers that fill them. `minutes`: at most 60; 10. */
  windows(
    query?: { readonly minutes?: number | undefined },
    options?: ReadOptions,
  ): Promise<AnalyticsWindows>;
}

export function createMetricsApi({ exchange }: Transport): MetricsApi {
  const get = <T>(path: string, query: Query, { signal }: ReadOptions): Promise<T> =>
    exchange<T>('dashboard', 'GET', path, { query, signal });
  return {
    historical: (query = {}, options = {}) => get('/metrics/historical', query, options),
    series: (query = {}, options = {}) => get('/metrics/series', query, options),
    top: (query, options = {}) => get('/metrics/top', query, options),
  };
}

export function createAnalyticsApi({ exchange }: Transport): AnalyticsApi {
  const get = <T>(path: string, query: Query, { signal }: ReadOptions): Promise<T> =>
    exchange<T>('analytics', 'GET', path, { query, signal });
  return {
    eventTrends: (query = {}, options = {}) => get('/analytics/event-trends', query, options),
    userDistribution: (query = {}, options = {}) => get('/analytics/user-distribution', query, options),
    topSources: (query = {}, options = {}) => get('/analytics/top-sources', query, options),
    eventTypes: (query = {}, options = {}) => get('/analytics/event-types', query, options),
    windows: async (query = {}, options = {}) =>
      (await get<{ data: AnalyticsWindows }>('/analytics/windows', query, options)).data,
  };
}
