import { settings } from '../../domain/records/settings.ts';
import type { RecordReader, RecordTransaction } from '../../engines/record-store/port.ts';

/* Rules, channels, silences and commands are read again when this changes; it changes in the transaction that changes
 * them. */

const id = 'alerting.revision';

export async function raiseRevision(transaction: RecordTransaction, project: string): Promise<void> {
  const ref = { project, id };
  const record = await transaction.get(settings, ref);
  if (record === null) await transaction.insert(settings, { ...ref, value: 1 });
  else await transaction.update(settings, ref, { value: record.version + 1 });
}

/** Null before the first change. */
export const readRevision = async (records: RecordReader, project: string): Promise<number | null> =>
  (await records.get(settings, { project, id }))?.version ?? null;
