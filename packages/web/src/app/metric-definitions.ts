import { useQuery } from '@tanstack/react-query';
import { client } from './session.ts';

export const definitionsKey = 'metric definitions';

/** Metrics that users defined. */
export const useMetricDefinitions = () =>
  useQuery({
    queryKey: [definitionsKey],
    queryFn: async () => (await client.metricDefinitions.list({ limit: 1000 })).data,
    staleTime: 30_000,
  });
