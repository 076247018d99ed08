import { isDeepStrictEqual } from 'node:util';
import type { AlertRuleDefinition } from '@streamflow/contracts';
import { type DocumentProblem, documentsError } from '../../config/documents.ts';
import { StreamFlowError } from '../../domain/errors.ts';
import type { Log } from '../../domain/log.ts';
import {
  type AlertRuleRecord,
  alertChannels,
  alertRuleOrigins,
  alertRules,
} from '../../domain/records/alert-rules.ts';
import type { RecordStore, RecordTransaction } from '../../engines/record-store/port.ts';
import { readRuleFiles } from '../../rule-files/read-rule-files.ts';
import type { DefinedMetrics } from './defined-metrics.ts';
import { readAll } from './evaluator-memory.ts';
import { raiseRevision } from './revision.ts';
import { openRuleBook } from './rule-book.ts';
import { recordFields, wholeRule } from './rule-definition.ts';
import { readOrigins } from './rule-origins.ts';

export interface RuleFilesOptions {
  /** Files and directories. */
  readonly paths: readonly string[];
  readonly records: RecordStore;
  readonly defined: DefinedMetrics;
  readonly project: string;
  readonly newId: () => string;
  readonly log: Log;
}

interface Wanted {
  readonly file: string;
  readonly index: number;
  readonly definition: AlertRuleDefinition;
}

interface Applied {
  created: number;
  changed: number;
  deleted: number;
  released: number;
}

/**
 * Makes the rules of files as these say, all in one transaction; nothing is written when they say it already. A rule that
 * has left the files is deleted. Without files, rules that they kept are let go and stay.
 *
 * A channel that a rule names may be made later, since only a running server can make one. A metric may not: a name that
 * is not known may be misspelt. A rule that is as it was is not looked at again, so that nothing that is deleted later
 * keeps the server from starting.
 * @throws StreamFlowError ValidationError with each file and field that is wrong
 */
export async function applyRuleFiles(options: RuleFilesOptions): Promise<void> {
  const { paths, records, project, newId, log } = options;
  const files = await readRuleFiles(paths);
  const wanted = files.map(({ file, index, value }) => ({ file, index, definition: wholeRule(value) }));
  await check(options, wanted);
  const applied = await settled(() =>
    records.transaction((tx) =>
      paths.length === 0 ? release(tx, project) : apply(tx, project, wanted, newId),
    ),
  );
  if (applied.released > 0) log.info('Alert rules are kept by files no more', { rules: applied.released });
  if (paths.length > 0)
    log.info('Alert rules of files', {
      rules: wanted.length,
      created: applied.created,
      changed: applied.changed,
      deleted: applied.deleted,
    });
}

/** Processes that start together make the same rules: whoever comes second finds them made. */
async function settled(attempt: () => Promise<Applied>, triesLeft = 3): Promise<Applied> {
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof StreamFlowError) || error.code !== 'Conflict' || triesLeft === 0) throw error;
    return settled(attempt, triesLeft - 1);
  }
}

async function check(
  { records, defined, project, newId, log }: RuleFilesOptions,
  wanted: readonly Wanted[],
): Promise<void> {
  if (wanted.length === 0) return;
  const present = byName(await readAll(records, alertRules, { project }));
  const channels = await readAll(records, alertChannels, { project });
  const known = new Set(channels.map(({ type, name }) => `${type}:${name}`));
  const book = await openRuleBook(project, defined);
  const problems: DocumentProblem[] = [];
  for (const { file, index, definition } of wanted) {
    for (const channel of [...definition.channels, ...definition.escalation_channels])
      if (channel.includes(':') && !known.has(channel))
        log.warning('An alert rule names a channel that there is not yet', {
          file,
          rule: definition.name,
          channel,
        });
    if (isDeepStrictEqual(present.get(definition.name)?.definition, definition)) continue;
    try {
      const { condition, resolveCondition } = book.read(newId(), definition);
      for (const counted of [...condition.counts, ...(resolveCondition?.counts ?? [])])
        await defined.count(project, counted);
    } catch (error) {
      if (!(error instanceof StreamFlowError) || error.code !== 'ValidationError') throw error;
      const field = `rules.${index}.${error.details.field ?? ''}`;
      problems.push({ file, field, message: `rules.${index}.${error.message}` });
    }
  }
  if (problems.length > 0) throw documentsError('rules', problems);
}

async function apply(
  tx: RecordTransaction,
  project: string,
  wanted: readonly Wanted[],
  newId: () => string,
): Promise<Applied> {
  const present = byName(await readAll(tx, alertRules, { project }));
  const origins = await readOrigins(tx, project);
  const applied: Applied = { created: 0, changed: 0, deleted: 0, released: 0 };
  const kept = new Set<string>();
  // First, since each name is free for one rule alone.
  const names = new Set(wanted.map(({ definition }) => definition.name));
  for (const { id, name } of present.values())
    if (origins.has(id) && !names.has(name)) {
      await tx.delete(alertRules, { project, id });
      applied.deleted += 1;
    }
  for (const { file, definition } of wanted) {
    const rule = present.get(definition.name);
    const id = rule?.id ?? newId();
    const ref = { project, id };
    kept.add(id);
    if (rule === undefined) {
      await tx.insert(alertRules, { ...ref, ...recordFields(definition) });
      applied.created += 1;
    } else if (!isDeepStrictEqual(rule.definition, definition)) {
      await tx.update(alertRules, ref, recordFields(definition));
      applied.changed += 1;
    }
    const origin = origins.get(id);
    if (origin === undefined) await tx.insert(alertRuleOrigins, { ...ref, file });
    else if (origin !== file) await tx.update(alertRuleOrigins, ref, { file });
  }
  for (const id of origins.keys()) if (!kept.has(id)) await tx.delete(alertRuleOrigins, { project, id });
  if (applied.created + applied.changed + applied.deleted > 0) await raiseRevision(tx, project);
  return applied;
}

async function release(tx: RecordTransaction, project: string): Promise<Applied> {
  const origins = await readOrigins(tx, project);
  for (const id of origins.keys()) await tx.delete(alertRuleOrigins, { project, id });
  return { created: 0, changed: 0, deleted: 0, released: origins.size };
}

const byName = (rules: readonly AlertRuleRecord[]): ReadonlyMap<string, AlertRuleRecord> =>
  new Map(rules.map((rule) => [rule.name, rule]));
