import { isDeepStrictEqual } from 'node:util';
import { MetricDefinitionBody } from '@streamflow/contracts';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { type DocumentProblem, documentsError, problemsOf, readDocuments } from '../config/documents.ts';
import { StreamFlowError } from '../domain/errors.ts';
import type { Log } from '../domain/log.ts';
import { metricDefinitionOrigins, metricDefinitions } from '../domain/records/metric-definitions.ts';
import type { RecordStore, RecordTransaction } from '../engines/record-store/port.ts';
import { createCheck } from '../http/validation.ts';
import { type DefinitionFields, definitionFields, usableMetric } from './definition-fields.ts';
import { readDefinitionOrigins } from './definition-origins.ts';
import { mostDefinitions } from './definition-source.ts';

export interface DefinitionFilesOptions {
  /** Files and directories. */
  readonly paths: readonly string[];
  readonly records: RecordStore;
  readonly project: string;
  readonly newId: () => string;
  readonly log: Log;
}

interface Wanted {
  readonly file: string;
  readonly fields: DefinitionFields;
}

interface Applied {
  created: number;
  changed: number;
  deleted: number;
  released: number;
}

const key = 'metrics';
const Metrics = Type.Object({ [key]: Type.Array(MetricDefinitionBody) });
const check = createCheck(Metrics);
const metricsOf = Compile(Metrics);

/**
 * Makes the metric definitions of files as these say, all in one transaction; nothing is written when they say it already.
 * A definition that has left the files is deleted. Without files, definitions that they kept are let go and stay.
 * @throws StreamFlowError ValidationError with each file and field that is wrong
 */
export async function applyDefinitionFiles(options: DefinitionFilesOptions): Promise<void> {
  const { paths, records, project, newId, log } = options;
  const wanted = await readWanted(paths);
  const applied = await settled(() =>
    records.transaction((tx) =>
      paths.length === 0 ? release(tx, project) : apply(tx, project, wanted, newId),
    ),
  );
  if (applied.released > 0)
    log.info('Metric definitions are kept by files no more', { metrics: applied.released });
  if (paths.length > 0)
    log.info('Metric definitions of files', {
      metrics: wanted.length,
      created: applied.created,
      changed: applied.changed,
      deleted: applied.deleted,
    });
}

async function readWanted(paths: readonly string[]): Promise<readonly Wanted[]> {
  const documents = await readDocuments(paths, {
    key,
    read(list) {
      const given = { [key]: list };
      check(given);
      return metricsOf.Parse(given)[key] ?? [];
    },
  });
  const problems: DocumentProblem[] = [];
  const wanted = documents.map(({ file, index, value }) => {
    const fields = definitionFields(value);
    try {
      usableMetric(fields);
    } catch (error) {
      for (const { field, message } of problemsOf(file, error))
        problems.push({ file, field: `${key}.${index}.${field}`, message: `${key}.${index}.${message}` });
    }
    return { file, fields };
  });
  if (problems.length > 0) throw documentsError(key, problems);
  return wanted;
}

/** Workers that start together make the same definitions: whoever comes second finds them made. */
async function settled(attempt: () => Promise<Applied>, triesLeft = 3): Promise<Applied> {
  try {
    return await attempt();
  } catch (error) {
    const mayBeMade = error instanceof StreamFlowError && error.code === 'Conflict' && triesLeft > 0;
    if (!mayBeMade) throw error;
    return settled(attempt, triesLeft - 1);
  }
}

async function apply(
  tx: RecordTransaction,
  project: string,
  wanted: readonly Wanted[],
  newId: () => string,
): Promise<Applied> {
  const { records: all } = await tx.list(metricDefinitions, { project, limit: mostDefinitions });
  const present = new Map(all.map((definition) => [definition.name, definition]));
  const origins = await readDefinitionOrigins(tx, project);
  const applied: Applied = { created: 0, changed: 0, deleted: 0, released: 0 };
  const kept = new Set<string>();
  // First, since there is room for so many alone.
  const names = new Set(wanted.map(({ fields }) => fields.name));
  for (const { id, name } of all)
    if (origins.has(id) && !names.has(name)) {
      await tx.delete(metricDefinitions, { project, id });
      applied.deleted += 1;
    }
  const others = all.filter(({ id, name }) => !origins.has(id) && !names.has(name)).length;
  if (others + wanted.length > mostDefinitions)
    throw new StreamFlowError(
      'ValidationError',
      `The files have ${wanted.length} metrics beside ${others} that are defined already; there may be ${mostDefinitions}`,
    );
  for (const { file, fields } of wanted) {
    const definition = present.get(fields.name);
    const ref = { project, id: definition?.id ?? newId() };
    kept.add(ref.id);
    if (definition === undefined) {
      await tx.insert(metricDefinitions, { ...ref, ...fields });
      applied.created += 1;
    } else if (!isDeepStrictEqual(definitionFields(definition), fields)) {
      await tx.update(metricDefinitions, ref, fields);
      applied.changed += 1;
    }
    const origin = origins.get(ref.id);
    if (origin === undefined) await tx.insert(metricDefinitionOrigins, { ...ref, file });
    else if (origin !== file) await tx.update(metricDefinitionOrigins, ref, { file });
  }
  for (const id of origins.keys())
    if (!kept.has(id)) await tx.delete(metricDefinitionOrigins, { project, id });
  return applied;
}

async function release(tx: RecordTransaction, project: string): Promise<Applied> {
  const origins = await readDefinitionOrigins(tx, project);
  for (const id of origins.keys()) await tx.delete(metricDefinitionOrigins, { project, id });
  return { created: 0, changed: 0, deleted: 0, released: origins.size };
}
