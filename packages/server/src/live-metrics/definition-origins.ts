import { StreamFlowError } from '../domain/errors.ts';
import { metricDefinitionOrigins } from '../domain/records/metric-definitions.ts';
import type { RecordReader, RecordRef } from '../engines/record-store/port.ts';
import { mostDefinitions } from './definition-source.ts';

/** The files that keep definitions, by the ids of these. */
export async function readDefinitionOrigins(
  records: RecordReader,
  project: string,
): Promise<ReadonlyMap<string, string>> {
  const { records: origins } = await records.list(metricDefinitionOrigins, {
    project,
    limit: mostDefinitions,
  });
  return new Map(origins.map(({ id, file }) => [id, file]));
}

/** What a file says of a metric would come back at the next start: it is changed there alone. */
export async function refuseKeptByFile(records: RecordReader, ref: RecordRef): Promise<void> {
  const origin = await records.get(metricDefinitionOrigins, ref);
  if (origin !== null)
    throw new StreamFlowError(
      'Conflict',
      `The metric is kept in the file ${origin.file}: change it there and start the analytics service again`,
      { details: { managed_by: origin.file } },
    );
}
