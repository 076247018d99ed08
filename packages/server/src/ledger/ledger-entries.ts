import type { ByMinute } from '../domain/ledger/minute.ts';
import { type LedgerEntryRecord, ledgerEntries } from '../domain/records/ledger.ts';
import type { RecordReader, RecordStore, RecordTransaction } from '../engines/record-store/port.ts';

/** Lines of one project that were accepted and are not stored. */
export interface LedgerEntry {
  readonly project: string;
  readonly entry: LedgerEntryRecord['entry'];
  /**
   * What the entry is about, unique within the project and the kind of entry: the name of a message, or whatever names
   * the removal. Once it is entered, the same again changes nothing.
   */
  readonly subject: string;
  /** For a person, why. */
  readonly reason: string;
  /** Lines by the start of the minute of their receipt. */
  readonly lines: ByMinute;
}

/** Enters what is not entered yet: all of it, durably, or nothing. */
export function enter(records: RecordStore, entries: readonly LedgerEntry[]): Promise<void> {
  return records.transaction(async (transaction) => {
    for (const entry of entries) await enterOne(transaction, entry);
  });
}

async function enterOne(
  transaction: RecordTransaction,
  { project, entry, subject, reason, lines }: LedgerEntry,
): Promise<void> {
  for (const [minute, count] of lines) {
    const ref = { project, id: `${entry}.${subject}.${minute}` };
    if ((await transaction.get(ledgerEntries, ref)) !== null) continue;
    await transaction.insert(ledgerEntries, { ...ref, entry, subject, minute, lines: count, reason });
  }
}

/** As many records as a list gives at a time. */
const pageSize = 1000;

/** Lines that were entered under a subject, by minute. */
export async function entered(
  records: RecordReader,
  { project, entry, subject }: Pick<LedgerEntry, 'project' | 'entry' | 'subject'>,
): Promise<ByMinute> {
  // An entry is of a message or of a removal: there is a record for each minute that it spans.
  const lines: ByMinute = new Map();
  let query = { project, where: { entry, subject }, limit: pageSize };
  for (;;) {
    const { records: page, next } = await records.list(ledgerEntries, query);
    for (const { minute, lines: count } of page) lines.set(minute, count);
    if (next === null) return lines;
    query = { ...query, ...{ after: next } };
  }
}
