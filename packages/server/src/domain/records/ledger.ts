import Type from 'typebox';
import { defineRecordKind, type Stored } from './record-kind.ts';

const LedgerProcessFields = Type.Object({
  /** For a person: host and process id. */
  name: Type.String(),
  /** All that it had received before this is answered and written, milliseconds since the epoch. */
  counted_to: Type.Integer(),
  /** When it wrote last, milliseconds since the epoch. */
  written_at: Type.Integer(),
  /**
   * `closed`: it wrote all and stopped. `crashed`: the next process on the same data found it open. `open`: it runs, or
   * died without anybody having noticed.
   */
  state: Type.Enum(['open', 'closed', 'crashed']),
  /** Milliseconds since the epoch; null while it is open. */
  ended_at: Type.Union([Type.Integer(), Type.Null()]),
});
export type LedgerProcessRecord = Stored<Type.Static<typeof LedgerProcessFields>>;

/** One run of a process that takes events in; all in the project `default`, since a process has many. */
export const ledgerProcesses = defineRecordKind(LedgerProcessFields, {
  name: 'ledger_processes',
  columns: { name: 'text', counted_to: 'integer', written_at: 'integer', state: 'text', ended_at: 'integer' },
  unique: [],
  filters: ['state'],
  orders: [],
  unversioned: [],
});

const LedgerAcceptedFields = Type.Object({
  /** Id of the process. */
  process: Type.String(),
  /** Start of the minute of receipt, milliseconds since the epoch. */
  minute: Type.Integer(),
  /** Lines that the bus confirmed as durable, and those that met such a one at the edge (`repeated`). */
  accepted: Type.Integer({ minimum: 0 }),
  /** Lines whose publishing failed: durable or not. */
  unanswered: Type.Integer({ minimum: 0 }),
  /** Those of the accepted that were never published: their id came a second time within the same millisecond. */
  repeated: Type.Integer({ minimum: 0 }),
});

/** What one process accepted in one minute. There may be several of the same, when its clock was set back. */
export const ledgerAccepted = defineRecordKind(LedgerAcceptedFields, {
  name: 'ledger_accepted',
  columns: {
    process: 'text',
    minute: 'integer',
    accepted: 'integer',
    unanswered: 'integer',
    repeated: 'integer',
  },
  unique: [],
  filters: [],
  orders: ['minute'],
  unversioned: [],
});

const LedgerEntryFields = Type.Object({
  /**
   * `duplicates`: lines that were not stored since their id was known. `dropped`: lines that were removed on purpose.
   * `refused`: events that were never accepted.
   */
  entry: Type.Enum(['duplicates', 'dropped', 'refused']),
  /** What the entry is about: the name of a message, what removed the lines, or who refused them. Each is entered once. */
  subject: Type.String(),
  /** Start of the minute of receipt, milliseconds since the epoch. */
  minute: Type.Integer(),
  lines: Type.Integer({ minimum: 1 }),
  /** For a person, why. */
  reason: Type.String(),
});
export type LedgerEntryRecord = Stored<Type.Static<typeof LedgerEntryFields>>;

/** Lines that are not stored, with the reason. */
export const ledgerEntries = defineRecordKind(LedgerEntryFields, {
  name: 'ledger_entries',
  columns: { entry: 'text', subject: 'text', minute: 'integer', lines: 'integer', reason: 'text' },
  unique: [],
  filters: ['entry', 'subject'],
  orders: ['minute'],
  unversioned: [],
});
