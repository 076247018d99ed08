import { addToMinute, type ByMinute, type MinuteRange } from '../domain/ledger/minute.ts';
import {
  type LedgerProcessRecord,
  ledgerAccepted,
  ledgerEntries,
  ledgerProcesses,
} from '../domain/records/ledger.ts';
import type { RecordKind, Stored } from '../domain/records/record-kind.ts';
import { settings } from '../domain/records/settings.ts';
import type { RecordQuery, RecordReader } from '../engines/record-store/port.ts';
import { installation, ledgerSince } from './acceptance-ledger.ts';

export interface AcceptedOfMinute {
  readonly accepted: number;
  readonly unanswered: number;
  readonly repeated: number;
}

/** What the processes that take events in have written. */
export interface AcceptanceBook {
  /** When the ledger was begun, milliseconds since the epoch; null when it never was. */
  readonly since: number | null;
  /** Those that have not closed. They were read before the counts, so that these hold all that `counted_to` says. */
  readonly processes: readonly LedgerProcessRecord[];
  /** By the start of the minute. */
  readonly minutes: ReadonlyMap<number, AcceptedOfMinute>;
}

export async function readAcceptanceBook(
  records: RecordReader,
  project: string,
  range: MinuteRange,
): Promise<AcceptanceBook> {
  const begun = await records.get(settings, { project: installation, id: ledgerSince });
  const processes: LedgerProcessRecord[] = [];
  for (const state of ['open', 'crashed'] as const) {
    const query = { project: installation, where: { state }, limit: pageSize };
    for await (const record of all(records, ledgerProcesses, query)) processes.push(record);
  }
  const minutes = new Map<number, AcceptedOfMinute>();
  for await (const { minute, accepted, unanswered, repeated } of ofMinutes(
    records,
    ledgerAccepted,
    project,
    range,
  )) {
    const sum = minutes.get(minute) ?? { accepted: 0, unanswered: 0, repeated: 0 };
    minutes.set(minute, {
      accepted: sum.accepted + accepted,
      unanswered: sum.unanswered + unanswered,
      repeated: sum.repeated + repeated,
    });
  }
  return { since: typeof begun?.value === 'number' ? begun.value : null, processes, minutes };
}

/** What was entered of lines that are not stored; the refused were never accepted. */
export interface EntryBook {
  readonly duplicates: ByMinute;
  readonly dropped: ByMinute;
  readonly refused: ByMinute;
}

export async function readEntryBook(
  records: RecordReader,
  project: string,
  range: MinuteRange,
): Promise<EntryBook> {
  const book: EntryBook = { duplicates: new Map(), dropped: new Map(), refused: new Map() };
  for await (const { entry, minute, lines } of ofMinutes(records, ledgerEntries, project, range))
    addToMinute(book[entry], minute, lines);
  return book;
}

/** Records of one look into the store. */
const pageSize = 1000;

async function* ofMinutes<T extends { readonly minute: number }>(
  records: RecordReader,
  kind: RecordKind<T>,
  project: string,
  { from, to }: MinuteRange,
): AsyncGenerator<Stored<T>> {
  // Whatever the id, it comes before all of the next minute.
  const after = { value: from - 1, id: '\uffff' };
  for await (const record of all(records, kind, { project, orderBy: 'minute', after, limit: pageSize })) {
    if (record.minute >= to) return;
    yield record;
  }
}

async function* all<T>(
  records: RecordReader,
  kind: RecordKind<T>,
  query: RecordQuery<T>,
): AsyncGenerator<Stored<T>> {
  for (let after = query.after; ; ) {
    const page = await records.list(kind, after === undefined ? query : { ...query, after });
    yield* page.records;
    if (page.next === null) return;
    after = page.next;
  }
}
