import type { Bus } from '../../engines/bus/port.ts';
import type { EventStore } from '../../engines/event-store/port.ts';
import type { Service } from '../../http/service.ts';

export interface AnalyticsOptions {
  readonly bus: Pick<Bus, 'ping'>;
  readonly events: Pick<EventStore, 'ping'>;
}

/** The analytics service: answers for what it depends on, and has no routes of its own. */
export function createAnalytics({ bus, events }: AnalyticsOptions): Service {
  return {
    name: 'analytics',
    routes: [],
    sockets: [],
    checks: { database: () => events.ping(), message_broker: () => bus.ping() },
    essentialChecks: ['database'],
    figures: {},
    start: async () => {},
    stop: async () => {},
  };
}
