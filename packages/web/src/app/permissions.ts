import type { Permission } from '@streamflow/contracts';
import { useQuery } from '@tanstack/react-query';
import { client } from './session.ts';

/** Whether who is signed in may do this; true until it is known, as the server decides anyway. */
export function useMay(permission: Permission): boolean {
  const { data: me } = useQuery({
    queryKey: ['me'],
    queryFn: () => client.auth.me(),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return me === undefined || me.permissions.includes(permission);
}
