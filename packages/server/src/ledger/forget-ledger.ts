import { ledgerAccepted, ledgerEntries, ledgerProcesses } from '../domain/records/ledger.ts';
import type { RecordKind } from '../domain/records/record-kind.ts';
import { settings } from '../domain/records/settings.ts';
import type { RecordStore } from '../engines/record-store/port.ts';
import { installation, ledgerSince } from './acceptance-ledger.ts';

export interface ForgetLedgerOptions {
  readonly project: string;
  /** Minutes of receipt before this go, milliseconds since the epoch. */
  readonly before: number;
  /** Ends the work between two portions. */
  readonly signal: AbortSignal;
}

/** Records that are removed in one transaction. */
const portion = 500;

/**
 * Removes what the ledger says of old minutes; gives the number of records. Before anything goes, the ledger begins later:
 * `verify` judges nothing from before its beginning, and so nothing of which a part is gone.
 */
export async function forgetLedger(records: RecordStore, options: ForgetLedgerOptions): Promise<number> {
  const { before } = options;
  await records.transaction(async (transaction) => {
    const ref = { project: installation, id: ledgerSince };
    const begun = (await transaction.get(settings, ref))?.value;
    if (typeof begun === 'number' && begun < before)
      await transaction.update(settings, ref, { value: before });
  });
  const accepted = await forgetMinutes(records, ledgerAccepted, options);
  const entries = await forgetMinutes(records, ledgerEntries, options);
  return accepted + entries + (await forgetProcesses(records, options));
}

async function forgetMinutes<T extends { readonly minute: number }>(
  records: RecordStore,
  kind: RecordKind<T>,
  { project, before, signal }: ForgetLedgerOptions,
): Promise<number> {
  for (let removed = 0; ; ) {
    signal.throwIfAborted();
    const count = await records.transaction(async (transaction) => {
      const page = await transaction.list(kind, { project, orderBy: 'minute', limit: portion });
      const old = page.records.filter(({ minute }) => minute < before);
      for (const { id } of old) await transaction.delete(kind, { project, id });
      return old.length;
    });
    removed += count;
    if (count < portion) return removed;
  }
}

/** Those that have ended: of one that is on record as open it is not known. */
async function forgetProcesses(
  records: RecordStore,
  { before, signal }: ForgetLedgerOptions,
): Promise<number> {
  let removed = 0;
  for (const state of ['closed', 'crashed'] as const)
    for (;;) {
      signal.throwIfAborted();
      const count = await records.transaction(async (transaction) => {
        const query = { project: installation, where: { state }, limit: portion };
        const { records: page } = await transaction.list(ledgerProcesses, query);
        const old = page.filter(({ written_at }) => written_at < before);
        for (const { project, id } of old) await transaction.delete(ledgerProcesses, { project, id });
        return old.length;
      });
      removed += count;
      if (count < portion) break;
    }
  return removed;
}
