import type { Alert } from '@streamflow/contracts';
import { useQuery } from '@tanstack/react-query';
import { client } from './session.ts';

const refreshEveryMs = 3000;
/** All that asks for alerts begins with this, and is asked again when somebody does something to one. */
export const alertsKey = 'alerts';

/** Those that fire now, whether somebody took them on or not; the latest first. */
export const useOpenAlerts = () =>
  useQuery({
    queryKey: [alertsKey, 'open'],
    queryFn: async (): Promise<{ readonly alerts: readonly Alert[]; readonly total: number }> => {
      const [firing, acknowledged] = await Promise.all([
        client.alerts.list({ status: 'firing' }),
        client.alerts.list({ status: 'acknowledged' }),
      ]);
      return {
        alerts: [...firing.data, ...acknowledged.data].toSorted((a, b) =>
          b.fired_at.localeCompare(a.fired_at),
        ),
        total: firing.pagination.total + acknowledged.pagination.total,
      };
    },
    refetchInterval: refreshEveryMs,
    retry: false,
  });

export const usePastAlerts = (shown: boolean) =>
  useQuery({
    queryKey: [alertsKey, 'past'],
    enabled: shown,
    queryFn: () => client.alerts.list({ status: 'resolved', limit: 100 }),
    refetchInterval: refreshEveryMs,
    retry: false,
  });

export const useAlert = (id: string) =>
  useQuery({
    queryKey: [alertsKey, 'one', id],
    queryFn: () => client.alerts.get(id),
    refetchInterval: refreshEveryMs,
  });
