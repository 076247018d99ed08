import { StreamFlowError } from '../../domain/errors.ts';
import { alertRuleOrigins } from '../../domain/records/alert-rules.ts';
import type { RecordReader, RecordRef } from '../../engines/record-store/port.ts';
import { readAll } from './evaluator-memory.ts';

/** The files that keep rules, by the ids of these. */
export async function readOrigins(
  records: RecordReader,
  project: string,
): Promise<ReadonlyMap<string, string>> {
  const origins = await readAll(records, alertRuleOrigins, { project });
  return new Map(origins.map(({ id, file }) => [id, file]));
}

/** What a file says of a rule would come back at the next start: it is changed there alone. */
export async function refuseKeptByFile(records: RecordReader, ref: RecordRef): Promise<void> {
  const origin = await records.get(alertRuleOrigins, ref);
  if (origin !== null)
    throw new StreamFlowError(
      'Conflict',
      `The rule is kept in the file ${origin.file}: change it there and start the alerting service again, or silence its alerts`,
      { details: { managed_by: origin.file } },
    );
}
