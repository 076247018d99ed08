import type { HealthResponse, ServiceName } from '@streamflow/contracts';
import { useQueries } from '@tanstack/react-query';
import { client } from './session.ts';

export const services: readonly ServiceName[] = [
  'ingestion',
  'storage',
  'analytics',
  'alerting',
  'dashboard',
];

export interface ServiceHealth {
  readonly service: ServiceName;
  readonly health: HealthResponse | undefined;
  readonly error: unknown;
  readonly state: 'good' | 'bad' | undefined;
}

/** What each service says of itself, asked every 15 seconds. */
export const useHealth = (): readonly ServiceHealth[] =>
  useQueries({
    queries: services.map((service) => ({
      queryKey: ['health', service],
      queryFn: ({ signal }: { signal: AbortSignal }) => client.system.health(service, { signal }),
      refetchInterval: 15_000,
      retry: false,
    })),
  }).map(({ data, error }, at) => ({
    service: services[at] ?? 'dashboard',
    health: data,
    error,
    state:
      error !== null ? 'bad' : data === undefined ? undefined : data.status === 'healthy' ? 'good' : 'bad',
  }));
