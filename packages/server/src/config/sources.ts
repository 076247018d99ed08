import { LineCounter, parseDocument } from 'yaml';
import { editDistance, nearest } from './nearest.ts';
import type { KeyedSetting } from './setting-list.ts';

/** A value that somebody set, and where. */
export interface Given {
  readonly value: unknown;
  /** For a message: `environment variable LOG_LEVEL`, `config.yaml line 12`, `flag --host`. */
  readonly source: string;
}

export interface Problem {
  /** Dotted key; empty when the trouble is with a whole file. */
  readonly key: string;
  readonly source: string;
  readonly message: string;
}

export interface SourceResult {
  readonly given: ReadonlyMap<string, Given>;
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
}

/** Reads config.yaml. A key that is not known is a problem, since it is a setting that somebody believes in. */
export function readYaml(file: string, content: string, settings: readonly KeyedSetting[]): SourceResult {
  const given = new Map<string, Given>();
  const problems: Problem[] = [];
  const lineCounter = new LineCounter();
  const document = parseDocument(content, { lineCounter });
  for (const error of document.errors) {
    const [position] = error.linePos ?? [];
    const [message = ''] = error.message.split('\n');
    problems.push({ key: '', source: position ? `${file} line ${position.line}` : file, message });
  }
  if (problems.length > 0) return { given, problems, warnings: [] };

  const known = new Set(settings.map(({ key }) => key));
  const sections = new Set(settings.flatMap(({ key }) => prefixesOf(key)));
  const lineOf = (path: readonly string[]): string => {
    const node: unknown = document.getIn(path, true);
    const range = typeof node === 'object' && node !== null && 'range' in node ? node.range : null;
    return Array.isArray(range) ? `${file} line ${lineCounter.linePos(Number(range[0])).line}` : file;
  };
  const walk = (value: unknown, path: readonly string[]): void => {
    const key = path.join('.');
    if (known.has(key)) {
      if (value !== null && value !== '') given.set(key, { value, source: lineOf(path) });
      return;
    }
    const isSection = key === '' || sections.has(key);
    if (isSection && isMapping(value)) {
      for (const [name, inner] of Object.entries(value)) walk(inner, [...path, name]);
    } else if (isSection) {
      // A section without anything in it.
      if (value !== null)
        problems.push({ key, source: lineOf(path), message: 'must be a section with settings in it' });
    } else {
      const meant = nearest(key, [...known, ...sections]);
      const suggestion = meant === null ? '' : `; did you mean ${meant}?`;
      problems.push({ key, source: lineOf(path), message: `is not a setting${suggestion}` });
    }
  };
  const values: unknown = document.toJS();
  walk(values, []);
  return { given, problems, warnings: [] };
}

/** Variables that mean something to commands and are no settings. */
const otherVariables = new Set([
  'STREAMFLOW_CONFIG',
  'STREAMFLOW_URL',
  'STREAMFLOW_API_KEY',
  'STREAMFLOW_TOKEN',
]);

/** Reads the environment. An empty variable counts as not set: that is how compose files pass on what is not given. */
export function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  settings: readonly KeyedSetting[],
): SourceResult {
  const given = new Map<string, Given>();
  const names = settings.map(({ setting }) => setting.env);
  for (const { key, setting } of settings) {
    const value = env[setting.env];
    if (value !== undefined && value.trim() !== '')
      given.set(key, { value, source: `environment variable ${setting.env}` });
  }
  const warnings: string[] = [];
  for (const name of Object.keys(env)) {
    if (!name.startsWith('STREAMFLOW_') || otherVariables.has(name) || names.includes(name)) continue;
    const meant = names.find((candidate) => editDistance(name, candidate, 3) < 3);
    if (meant !== undefined)
      warnings.push(`Environment variable ${name} has no effect: did you mean ${meant}?`);
  }
  return { given, problems: [], warnings };
}

/** Reads flags, given by the dotted key of what they set. */
export function readFlags(
  flags: Readonly<Record<string, string | undefined>>,
  settings: readonly KeyedSetting[],
): SourceResult {
  const given = new Map<string, Given>();
  const problems: Problem[] = [];
  const keys = settings.map(({ key }) => key);
  for (const [key, value] of Object.entries(flags)) {
    if (value === undefined) continue;
    if (keys.includes(key)) given.set(key, { value, source: `flag for ${key}` });
    else {
      const meant = nearest(key, keys);
      problems.push({
        key,
        source: 'flag',
        message: `is not a setting${meant === null ? '' : `; did you mean ${meant}?`}`,
      });
    }
  }
  return { given, problems, warnings: [] };
}

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function prefixesOf(key: string): string[] {
  const parts = key.split('.');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('.'));
}
