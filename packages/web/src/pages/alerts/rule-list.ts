import { useQuery } from '@tanstack/react-query';
import { client } from '../../app/session.ts';

export const rulesKey = 'rules';

export const useRules = () =>
  useQuery({
    queryKey: [rulesKey],
    queryFn: async () => (await client.rules.list({ limit: 1000 })).data,
  });
