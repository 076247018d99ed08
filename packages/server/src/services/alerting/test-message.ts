import type { AlertNotification } from '@streamflow/contracts';

/** What `POST /channels/{id}/test` sends: like an alert, and said to be none. */
export function testMessage(id: string, now: number, ruleId: string): AlertNotification {
  const at = new Date(now).toISOString();
  return {
    id,
    kind: 'test',
    at,
    rule: {
      id: ruleId,
      name: 'Test of this channel',
      description: 'Somebody tries this channel in StreamFlow. There is no alert.',
      tags: [],
    },
    level: 'info',
    alerts: [],
    link: null,
  };
}
