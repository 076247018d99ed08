import { type RetentionReport, readRetention } from '@streamflow/contracts';
import { envelope, timeText } from '../../access/routes/envelope.ts';
import type { Clock } from '../../domain/clock.ts';
import { settings } from '../../domain/records/settings.ts';
import type { RecordStore } from '../../engines/record-store/port.ts';
import type { MountedRoute } from '../../http/service.ts';
import { installation } from '../../ledger/acceptance-ledger.ts';
import { readRemovedTotal } from '../../ledger/removals.ts';
import { lastRun, type RetentionDays } from './retention-runs.ts';

export interface RetentionRouteOptions {
  readonly records: RecordStore;
  readonly clock: Clock;
  readonly days: RetentionDays;
  /** How long entries of the audit log are kept, days; null for ever. */
  readonly auditDays: number | null;
}

const textOrNull = (at: unknown): string | null => (typeof at === 'number' ? timeText(at) : null);

/** `GET /retention`: what is set, and what it came to. */
export function retentionRoute({ records, clock, days, auditDays }: RetentionRouteOptions): MountedRoute {
  return {
    contract: readRetention,
    async handle() {
      const removed = await readRemovedTotal(records);
      const ran = await records.get(settings, { project: installation, id: lastRun });
      const data: RetentionReport = {
        days: days.general,
        days_by_type: { ...days.byType },
        audit_days: auditDays,
        last_run_at: textOrNull(ran?.value),
        removed: {
          events: removed.events,
          last_events: removed.lastEvents,
          last_at: textOrNull(removed.lastAt),
        },
      };
      return envelope('Retention retrieved successfully', data, clock.now());
    },
  };
}
