import {
  type AlertRuleChange,
  AlertRuleDefinition,
  type AlertRuleInput,
  alertRuleDefaults,
} from '@streamflow/contracts';
import { Compile } from 'typebox/compile';
import { validationError } from '../../domain/errors.ts';
import { alertChannels } from '../../domain/records/alert-rules.ts';
import type { RecordReader } from '../../engines/record-store/port.ts';
import { readAll } from './evaluator-memory.ts';

const definitions = Compile(AlertRuleDefinition);

/** The whole rule: what was given, and the defaults for the rest. */
export const wholeRule = (input: AlertRuleInput): AlertRuleDefinition =>
  definitions.Parse({ ...alertRuleDefaults, ...input });

export const changedRule = (rule: AlertRuleDefinition, change: AlertRuleChange): AlertRuleDefinition =>
  definitions.Parse({ ...rule, ...change });

/** What the record of a rule has of its definition. */
export const recordFields = (definition: AlertRuleDefinition) => ({
  name: definition.name,
  enabled: definition.enabled,
  level: definition.level,
  definition,
});

/** Refuses rules that name channels that there are not. */
export async function checkChannels(
  records: RecordReader,
  project: string,
  definition: AlertRuleDefinition,
): Promise<void> {
  const named = (names: readonly string[]): readonly string[] => names.filter((name) => name.includes(':'));
  const wanted = [
    ['channels', named(definition.channels)],
    ['escalation_channels', named(definition.escalation_channels)],
  ] as const;
  if (wanted.every(([, names]) => names.length === 0)) return;
  const channels = await readAll(records, alertChannels, { project });
  const known = channels.map(({ type, name }) => `${type}:${name}`);
  for (const [field, names] of wanted)
    for (const name of names)
      if (!known.includes(name))
        throw validationError([
          { field, message: `${field}: there is no channel ${name}`, allowed_values: known },
        ]);
}
