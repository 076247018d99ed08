import type {
  AuditEntry,
  HealthResponse,
  LedgerReport,
  ListAuditQuery,
  RetentionReport,
  ServiceName,
} from '@streamflow/contracts';
import type { RecordPage } from './access-api.ts';
import type { ReadOptions } from './events-api.ts';
import type { Transport } from './transport.ts';

/** How the system itself is. Every method throws StreamFlowApiError. */
export interface SystemApi {
  /** What a service says of its dependencies; an answer also when it is unhealthy. */
  health(service: ServiceName, options?: ReadOptions): Promise<HealthResponse>;
  /** What became of every accepted event; for administrators. Times are RFC 3339. */
  ledger(query?: LedgerQuery, options?: ReadOptions): Promise<LedgerReport>;
  /** How long events are kept, and what was removed. */
  retention(options?: ReadOptions): Promise<RetentionReport>;
  /** Who changed what, newest first; for administrators. */
  audit(query?: ListAuditQuery, options?: ReadOptions): Promise<RecordPage<AuditEntry>>;
}

export interface LedgerQuery {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly all?: boolean | undefined;
}

export function createSystemApi({ exchange }: Transport): SystemApi {
  return {
    health: (service, { signal } = {}) => exchange(service, 'GET', '/health', { signal, alsoAnswers: 503 }),
    async ledger({ from, to, all } = {}, { signal } = {}) {
      const query = { from, to, all };
      return (await exchange<{ data: LedgerReport }>('storage', 'GET', '/ledger', { query, signal })).data;
    },
    retention: async ({ signal } = {}) =>
      (await exchange<{ data: RetentionReport }>('storage', 'GET', '/retention', { signal })).data,
    audit: (query = {}, { signal } = {}) => exchange('dashboard', 'GET', '/audit', { query, signal }),
  };
}
