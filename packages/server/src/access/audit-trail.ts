import type { Log } from '../domain/log.ts';
import { auditEntries } from '../domain/records/audit.ts';
import type { RecordStore } from '../engines/record-store/port.ts';
import type { AuditTrail } from '../http/audit.ts';

/** The audit log, in the records. */
export function createAuditTrail(options: {
  readonly records: RecordStore;
  readonly newId: () => string;
  readonly log: Log;
}): AuditTrail {
  const { records, newId, log } = options;
  return {
    async open({ principal, action, target, fields, address, correlationId }) {
      const ref = { project: principal.project, id: newId() };
      await records.insert(auditEntries, {
        ...ref,
        actor_kind: principal.kind,
        actor_id: principal.id,
        actor_name: principal.name,
        action,
        target,
        outcome: 0,
        address,
        correlation_id: correlationId,
        detail: [...fields],
      });
      return async (status, newTarget) => {
        try {
          await records.update(auditEntries, ref, {
            outcome: status,
            ...(target === null && newTarget !== undefined ? { target: newTarget } : {}),
          });
        } catch (error) {
          // The change is made and its entry stands; only how it ended is missing.
          log.error('The outcome of an audited change could not be written', {
            correlation_id: correlationId,
            error,
          });
        }
      };
    },
  };
}
