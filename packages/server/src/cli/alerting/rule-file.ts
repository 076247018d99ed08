import { readFile } from 'node:fs/promises';
import { AlertRuleInput } from '@streamflow/contracts';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { parse } from 'yaml';
import { StreamFlowError } from '../../domain/errors.ts';
import { createCheck } from '../../http/validation.ts';

const Rules = Type.Object({ rules: Type.Array(AlertRuleInput) });
const check = createCheck(Rules);
const rulesOf = Compile(Rules);

/** The rules of a YAML or JSON file: one, a list, or a list under `rules`. */
export async function readRuleFile(file: string): Promise<readonly AlertRuleInput[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StreamFlowError('NotFound', `${file} cannot be read: ${reason}`);
  });
  const given = { rules: listOf(parseText(text, file)) };
  check(given);
  return rulesOf.Parse(given).rules;
}

function parseText(text: string, file: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StreamFlowError('BadRequest', `${file} is neither YAML nor JSON: ${reason}`);
  }
}

function listOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value === 'object' && value !== null && 'rules' in value && Array.isArray(value.rules))
    return value.rules;
  return [value];
}
