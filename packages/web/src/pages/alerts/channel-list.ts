import { useQuery } from '@tanstack/react-query';
import { client } from '../../app/session.ts';

export const channelsKey = 'channels';

export const useChannels = () =>
  useQuery({
    queryKey: [channelsKey],
    queryFn: async () => (await client.channels.list({ limit: 1000 })).data,
  });
