import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Issue } from '@streamflow/contracts';
import { parse } from 'yaml';
import { StreamFlowError } from '../domain/errors.ts';

/** One of a list in a file, and where it stands. */
export interface Document<T> {
  /** As the configuration names it, or its directory. */
  readonly file: string;
  /** Its place in the file, from 0. */
  readonly index: number;
  readonly value: T;
}

/** Something that is wrong with a file; `field` is empty when it is the whole of it. */
export interface DocumentProblem {
  readonly file: string;
  readonly field: string;
  readonly message: string;
}

export interface DocumentKind<T> {
  /** Under which name a file has them: `metrics`. */
  readonly key: string;
  /** Throws a ValidationError whose fields begin with `key`. */
  readonly read: (list: readonly unknown[]) => readonly T[];
}

/** Names every file and field that is wrong. */
export function documentsError(key: string, problems: readonly DocumentProblem[]): StreamFlowError {
  const lines = problems.map(({ file, message }) => `  ${file}: ${message}`);
  const issues: Issue[] = problems.map(({ file, field, message }) => ({
    field,
    message: `${file}: ${message}`,
  }));
  return new StreamFlowError('ValidationError', `The files of ${key} cannot be used:\n${lines.join('\n')}`, {
    details: { issues },
  });
}

const namePattern = /^[^.].*\.(?:ya?ml|json)$/;

/**
 * What YAML and JSON files have, and those of directories: one, a list, or a list under the key; each name once.
 * @throws StreamFlowError ValidationError with all that is wrong
 */
export async function readDocuments<T extends { readonly name: string }>(
  paths: readonly string[],
  kind: DocumentKind<T>,
): Promise<readonly Document<T>[]> {
  const { key } = kind;
  const documents: Document<T>[] = [];
  const problems: DocumentProblem[] = [];
  for (const path of paths)
    for (const file of await filesAt(path, problems))
      try {
        const values = await readDocumentFile(file, kind);
        documents.push(...values.map((value, index) => ({ file, index, value })));
      } catch (error) {
        problems.push(...problemsOf(file, error));
      }
  const byName = new Map<string, Document<T>>();
  for (const one of documents) {
    const first = byName.get(one.value.name);
    if (first === undefined) byName.set(one.value.name, one);
    else {
      const field = `${key}.${one.index}.name`;
      const where = `${key}.${first.index} of ${first.file}`;
      const message = `${field} is ${JSON.stringify(one.value.name)} as that of ${where}; each name is there once`;
      problems.push({ file: one.file, field, message });
    }
  }
  if (problems.length > 0) throw documentsError(key, problems);
  return documents;
}

/**
 * What one file has.
 * @throws StreamFlowError that says what is wrong, without the name of the file
 */
export async function readDocumentFile<T>(
  file: string,
  { key, read }: DocumentKind<T>,
): Promise<readonly T[]> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StreamFlowError('NotFound', `cannot be read: ${reason}`);
  });
  return read(listOf(key, parseText(text)));
}

export function problemsOf(file: string, error: unknown): DocumentProblem[] {
  if (error instanceof StreamFlowError && error.details.issues !== undefined)
    return error.details.issues.map(({ field, message }) => ({ file, field, message }));
  return [{ file, field: '', message: error instanceof Error ? error.message : String(error) }];
}

async function filesAt(path: string, problems: DocumentProblem[]): Promise<readonly string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [path];
    const names = (await readdir(path)).filter((name) => namePattern.test(name));
    return names.sort().map((name) => join(path, name));
  } catch (error) {
    problems.push(...problemsOf(path, error));
    return [];
  }
}

function parseText(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StreamFlowError('BadRequest', `is neither YAML nor JSON: ${reason}`);
  }
}

function listOf(key: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  const under = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const [first] = under;
  if (first !== undefined && under.length === 1 && first[0] === key && Array.isArray(first[1]))
    return first[1];
  return [value];
}
