import type { Bus } from '../../engines/bus/port.ts';
import type { RecordStore } from '../../engines/record-store/port.ts';
import type { Service } from '../../http/service.ts';

export interface AlertingOptions {
  readonly bus: Pick<Bus, 'ping'>;
  readonly records: Pick<RecordStore, 'ping'>;
}

/** The alerting service: answers for what it depends on, and has no routes of its own. */
export function createAlerting({ bus, records }: AlertingOptions): Service {
  return {
    name: 'alerting',
    routes: [],
    sockets: [],
    checks: { database: () => records.ping(), message_broker: () => bus.ping() },
    essentialChecks: ['database'],
    figures: {},
    start: async () => {},
    stop: async () => {},
  };
}
