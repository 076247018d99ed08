import { AlertRuleInput } from '@streamflow/contracts';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { type Document, type DocumentKind, readDocumentFile, readDocuments } from '../config/documents.ts';
import { StreamFlowError } from '../domain/errors.ts';
import { createCheck } from '../http/validation.ts';

const Rules = Type.Object({ rules: Type.Array(AlertRuleInput) });
const check = createCheck(Rules);
const rulesOf = Compile(Rules);

const ruleKind: DocumentKind<AlertRuleInput> = {
  key: 'rules',
  read(rules) {
    const given = { rules };
    check(given);
    return rulesOf.Parse(given).rules;
  },
};

/** The rules of a YAML or JSON file: one, a list, or a list under `rules`. */
export async function readRuleFile(file: string): Promise<readonly AlertRuleInput[]> {
  try {
    return await readDocumentFile(file, ruleKind);
  } catch (error) {
    if (!(error instanceof StreamFlowError) || error.details.issues !== undefined) throw error;
    throw new StreamFlowError(error.code, `${file} ${error.message}`);
  }
}

/**
 * The rules of files and directories, each name once.
 * @throws StreamFlowError ValidationError with all that is wrong
 */
export const readRuleFiles = (paths: readonly string[]): Promise<readonly Document<AlertRuleInput>[]> =>
  readDocuments(paths, ruleKind);
