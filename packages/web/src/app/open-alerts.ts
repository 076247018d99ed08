import type { Alert } from '@streamflow/contracts';
import { useQuery } from '@tanstack/react-query';
import { client } from './session.ts';

/** The socket tells what happens; this is for what it told while the connection was away. */
const refreshEveryMs = 15_000;
const pageSize = 1000;
/** All that asks for alerts begins with this, and is asked again when something happens to one. */
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

/** How many alerts of each rule are open, however many there are. */
export const useOpenByRule = () =>
  useQuery({
    queryKey: [alertsKey, 'open by rule'],
    queryFn: async (): Promise<ReadonlyMap<string, number>> => {
      const counts = new Map<string, number>();
      for (const status of ['firing', 'acknowledged'] as const)
        for (let page = 1, more = true; more; page++) {
          const { data } = await client.alerts.list({ status, page, limit: pageSize });
          for (const { rule_id } of data) counts.set(rule_id, (counts.get(rule_id) ?? 0) + 1);
          more = data.length === pageSize;
        }
      return counts;
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
