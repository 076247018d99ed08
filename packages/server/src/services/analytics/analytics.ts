import { eventTypes, topSources } from '@streamflow/contracts';
import type { Clock } from '../../domain/clock.ts';
import type { Bus } from '../../engines/bus/port.ts';
import type { EventStore } from '../../engines/event-store/port.ts';
import type { Service } from '../../http/service.ts';
import { eventTrendsRoute } from './event-trends.ts';
import { topOfFieldRoute } from './top-of-field.ts';
import { userDistributionRoute } from './user-distribution.ts';

export interface AnalyticsOptions {
  readonly bus: Pick<Bus, 'ping'>;
  readonly events: Pick<EventStore, 'aggregate' | 'ping'>;
  readonly clock: Clock;
}

/** The analytics service: what the stored events tell of types, sources and users. */
export function createAnalytics({ bus, events, clock }: AnalyticsOptions): Service {
  return {
    name: 'analytics',
    routes: [
      eventTrendsRoute({ events, clock }),
      userDistributionRoute({ events, clock }),
      topOfFieldRoute(topSources, 'source', { events, clock }),
      topOfFieldRoute(eventTypes, 'type', { events, clock }),
    ],
    sockets: [],
    checks: { database: () => events.ping(), message_broker: () => bus.ping() },
    essentialChecks: ['database'],
    figures: {},
    start: async () => {},
    stop: async () => {},
  };
}
