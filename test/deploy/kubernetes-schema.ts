import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './programs.ts';

/** An object of Kubernetes, as far as the tests look. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const require = createRequire(import.meta.url);

interface Model {
  validate(): void;
}
type Models = Readonly<Record<string, new (data: object) => Model>>;

/** What the OpenAPI definitions of Kubernetes find wrong with the objects: values and what is required. */
function valueFaults(objects: readonly KubernetesObject[]): string[] {
  return objects.flatMap((object) => {
    const models: Models = require(`kubernetes-models/${object.apiVersion}`);
    const Kind = models[object.kind];
    if (Kind === undefined) return [`${object.apiVersion} has no ${object.kind}`];
    try {
      new Kind(object).validate();
      return [];
    } catch (error) {
      return [`${object.kind} ${object.metadata.name}: ${error instanceof Error ? error.message : error}`];
    }
  });
}

/**
 * What the same definitions, as types, find wrong: the API server ignores a field that it does not know, and so do the
 * definitions; to the compiler it is an error.
 */
function fieldFaults(objects: readonly KubernetesObject[]): string[] {
  const directory = join(root, 'node_modules/.cache/streamflow-kubernetes');
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `objects-${process.pid}.ts`);
  const lines = objects.map(
    (object, index) =>
      `export const object${index}: import('kubernetes-models/${object.apiVersion}').I${object.kind} = ${JSON.stringify(object)};`,
  );
  try {
    writeFileSync(file, lines.join('\n'));
    const words = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'preserve', '--target', 'es2022'];
    const { code, output } = run(process.execPath, [
      join(root, 'node_modules/typescript/bin/tsc'),
      '--ignoreConfig',
      ...words,
      file,
    ]);
    return code === 0 ? [] : output.split('\n').filter((line) => line.includes('error'));
  } finally {
    rmSync(file, { force: true });
  }
}

/** Everything that is wrong with the objects by Kubernetes' own definitions (of 1.27). */
export function kubernetesFaults(objects: readonly KubernetesObject[]): string[] {
  const faults = valueFaults(objects);
  // The compiler takes a second.
  return faults.length > 0 ? faults : fieldFaults(objects);
}
