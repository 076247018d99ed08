import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AlertRuleInput, type Issue } from '@streamflow/contracts';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { parse } from 'yaml';
import { StreamFlowError } from '../domain/errors.ts';
import { createCheck } from '../http/validation.ts';

/** A rule, and where it stands. */
export interface FileRule {
  /** As the configuration names it, or its directory. */
  readonly file: string;
  /** Its place in the file, from 0. */
  readonly index: number;
  readonly rule: AlertRuleInput;
}

/** Something that is wrong with a file; `field` is empty when it is the whole of it. */
export interface FileProblem {
  readonly file: string;
  readonly field: string;
  readonly message: string;
}

/** Names every file and field that is wrong. */
export function ruleFilesError(problems: readonly FileProblem[]): StreamFlowError {
  const lines = problems.map(({ file, message }) => `  ${file}: ${message}`);
  const issues: Issue[] = problems.map(({ file, field, message }) => ({
    field,
    message: `${file}: ${message}`,
  }));
  return new StreamFlowError('ValidationError', `The rule files cannot be used:\n${lines.join('\n')}`, {
    details: { issues },
  });
}

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

const ruleFilePattern = /^[^.].*\.(?:ya?ml|json)$/;

/**
 * The rules of files and directories, each name once.
 * @throws StreamFlowError ValidationError with all that is wrong
 */
export async function readRuleFiles(paths: readonly string[]): Promise<readonly FileRule[]> {
  const rules: FileRule[] = [];
  const problems: FileProblem[] = [];
  for (const path of paths)
    for (const file of await filesAt(path, problems))
      try {
        for (const [index, rule] of (await readRuleFile(file)).entries()) rules.push({ file, index, rule });
      } catch (error) {
        problems.push(...problemsOf(file, error));
      }
  const byName = new Map<string, FileRule>();
  for (const one of rules) {
    const first = byName.get(one.rule.name);
    if (first === undefined) byName.set(one.rule.name, one);
    else {
      const field = `rules.${one.index}.name`;
      const where = `rules.${first.index} of ${first.file}`;
      problems.push({
        file: one.file,
        field,
        message: `${field} is ${JSON.stringify(one.rule.name)} as that of ${where}; each name is there once`,
      });
    }
  }
  if (problems.length > 0) throw ruleFilesError(problems);
  return rules;
}

async function filesAt(path: string, problems: FileProblem[]): Promise<readonly string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const names = (await readdir(path)).filter((name) => ruleFilePattern.test(name));
    return names.sort().map((name) => join(path, name));
  } catch (error) {
    problems.push(...problemsOf(path, error));
    return [];
  }
}

function problemsOf(file: string, error: unknown): FileProblem[] {
  if (error instanceof StreamFlowError && error.details.issues !== undefined)
    return error.details.issues.map(({ field, message }) => ({ file, field, message }));
  return [{ file, field: '', message: error instanceof Error ? error.message : String(error) }];
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
