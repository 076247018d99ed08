import Type from 'typebox';
import { defineRecordKind, type Stored } from './record-kind.ts';

const AuditFields = Type.Object({
  actor_kind: Type.Enum(['user', 'key', 'local', 'anonymous']),
  actor_id: Type.String(),
  actor_name: Type.String(),
  /** `operationId` of the route. */
  action: Type.String(),
  /** Id of what was changed; null when it was not known. */
  target: Type.Union([Type.String(), Type.Null()]),
  /** HTTP status of the answer; 0 before there is one. */
  outcome: Type.Integer({ minimum: 0 }),
  address: Type.String(),
  correlation_id: Type.String(),
  /** Names of the fields of the request. */
  detail: Type.Array(Type.String()),
});
export type AuditRecord = Stored<Type.Static<typeof AuditFields>>;

/** Changes, each by whoever asked for it. Entries are never changed but for their outcome, and removed by age alone. */
export const auditEntries = defineRecordKind(AuditFields, {
  name: 'audit_entries',
  columns: {
    actor_kind: 'text',
    actor_id: 'text',
    actor_name: 'text',
    action: 'text',
    target: 'text',
    outcome: 'integer',
    address: 'text',
    correlation_id: 'text',
    detail: 'json',
  },
  unique: [],
  filters: ['actor_id', 'action', 'target'],
  orders: [],
  unversioned: ['outcome'],
});
