import { type AuditEntry, ListAuditQuery, listAudit } from '@streamflow/contracts';
import { Compile } from 'typebox/compile';
import { type AuditRecord, auditEntries } from '../../domain/records/audit.ts';
import type { RecordReader } from '../../engines/record-store/port.ts';
import type { MountedRoute } from '../../http/service.ts';
import { timeText } from './envelope.ts';
import { readPage } from './record-pages.ts';

const listQuery = Compile(ListAuditQuery);

/** The audit log of the caller's project. */
export function createAuditRoute(records: RecordReader): MountedRoute {
  return {
    contract: listAudit,
    handle({ query, principal: { project } }) {
      const { actor_id, action, target, ...page } = listQuery.Parse(query);
      const where = {
        ...(actor_id === undefined ? {} : { actor_id }),
        ...(action === undefined ? {} : { action }),
        ...(target === undefined ? {} : { target }),
      };
      return readPage(records, auditEntries, { project, where }, page, viewEntry);
    },
  };
}

const viewEntry = (entry: AuditRecord): AuditEntry => ({
  id: entry.id,
  timestamp: timeText(entry.created_at),
  actor: { kind: entry.actor_kind, id: entry.actor_id, name: entry.actor_name },
  action: entry.action,
  target: entry.target,
  fields: entry.detail,
  status: entry.outcome === 0 ? null : entry.outcome,
  address: entry.address,
  correlation_id: entry.correlation_id,
});
