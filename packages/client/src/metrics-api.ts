import type { HistoricalMetrics, HistoricalMetricsQuery, Pagination } from '@streamflow/contracts';
import type { ReadOptions } from './events-api.ts';
import type { Transport } from './transport.ts';

export interface MetricsPage {
  readonly data: readonly HistoricalMetrics[];
  readonly pagination: Pagination;
}

/** Figures over time. Every method throws StreamFlowApiError. */
export interface MetricsApi {
  /** One point an interval, oldest first, also where nothing happened. */
  historical(query?: HistoricalMetricsQuery, options?: ReadOptions): Promise<MetricsPage>;
}

export function createMetricsApi({ exchange }: Transport): MetricsApi {
  return {
    historical: (query = {}, { signal } = {}) =>
      exchange('dashboard', 'GET', '/metrics/historical', { query, signal }),
  };
}
