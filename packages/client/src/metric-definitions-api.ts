import type {
  Backfill,
  BackfillBody,
  MetricDefinition,
  MetricDefinitionBody,
  RecordListQuery,
} from '@streamflow/contracts';
import type { RecordPage } from './access-api.ts';
import { jsonBody, type Transport } from './transport.ts';

interface Envelope<T> {
  readonly data: T;
}

/** Metrics that users define. Every method throws StreamFlowApiError. */
export interface MetricDefinitionsApi {
  list(query?: RecordListQuery): Promise<RecordPage<MetricDefinition>>;
  create(definition: MetricDefinitionBody): Promise<MetricDefinition>;
  replace(id: string, definition: MetricDefinitionBody): Promise<MetricDefinition>;
  delete(id: string): Promise<MetricDefinition>;
  /** Computes its last minutes, an hour unless given, from the stored events; answers when it is done. */
  backfill(id: string, options?: BackfillBody): Promise<Backfill>;
}

export function createMetricDefinitionsApi({ exchange }: Transport): MetricDefinitionsApi {
  const path = (id: string): string => `/metric-definitions/${encodeURIComponent(id)}`;
  const single = async <T>(method: string, at: string, body?: unknown): Promise<T> =>
    (await exchange<Envelope<T>>('analytics', method, at, body === undefined ? {} : { body: jsonBody(body) }))
      .data;
  return {
    list: (query = {}) => exchange('analytics', 'GET', '/metric-definitions', { query }),
    create: (definition) => single('POST', '/metric-definitions', definition),
    replace: (id, definition) => single('PUT', path(id), definition),
    delete: (id) => single('DELETE', path(id)),
    backfill: (id, options = {}) => single('POST', `${path(id)}/backfill`, options),
  };
}
