import { auditEntries } from '../domain/records/audit.ts';
import type { RecordStore } from '../engines/record-store/port.ts';

/** Records that are removed in one transaction. */
const portion = 500;

/** Removes audit entries that were begun before a time, milliseconds since the epoch; gives their number. */
export async function forgetAudit(
  records: RecordStore,
  options: { readonly project: string; readonly before: number; readonly signal: AbortSignal },
): Promise<number> {
  const { project, before, signal } = options;
  for (let removed = 0; ; ) {
    signal.throwIfAborted();
    const count = await records.transaction(async (transaction) => {
      const page = await transaction.list(auditEntries, { project, limit: portion });
      const old = page.records.filter(({ created_at }) => created_at < before);
      for (const { id } of old) await transaction.delete(auditEntries, { project, id });
      return old.length;
    });
    removed += count;
    if (count < portion) return removed;
  }
}
