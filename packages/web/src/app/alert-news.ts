import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { alertsKey } from './open-alerts.ts';
import { useMay } from './permissions.ts';
import { client } from './session.ts';

/** Alerts that change at the same time are asked for once. */
const gatherMs = 250;

/** Asks for what is shown of alerts anew whenever the server tells that something happened to one. */
export function useAlertNews(): void {
  const queries = useQueryClient();
  const mayRead = useMay('alerts:read');
  useEffect(() => {
    if (!mayRead) return;
    let gathering: ReturnType<typeof setTimeout> | undefined;
    const socket = client.followAlerts({
      onFrame: () => {
        gathering ??= setTimeout(() => {
          gathering = undefined;
          void queries.invalidateQueries({ queryKey: [alertsKey] });
        }, gatherMs);
      },
    });
    return () => {
      clearTimeout(gathering);
      socket.close();
    };
  }, [queries, mayRead]);
}
