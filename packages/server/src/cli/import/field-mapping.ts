import { isObject } from './record.ts';

/** The event fields that a record's fields can be mapped to; what is left of the record becomes `data`. */
export const mappableFields = [
  'id',
  'type',
  'source',
  'timestamp',
  'severity',
  'correlation_id',
  'session_id',
  'user_id',
  'tags',
  'metadata',
] as const;
export type MappableField = (typeof mappableFields)[number];

/** `--map target=source` as it was given. */
export interface FieldMapping {
  readonly target: MappableField;
  /** Where the value may stand; null when only the literal is meant. */
  readonly path: readonly string[] | null;
  /** What the value is when no record has the field; null when only the field is meant. */
  readonly literal: string | null;
}

/** A mapping of which it is known what it means for a file. */
export type ResolvedMapping =
  | { readonly target: MappableField; readonly path: readonly string[] }
  | { readonly target: MappableField; readonly literal: string };

const isMappable = (name: string): name is MappableField => mappableFields.some((field) => field === name);

/**
 * Reads `target=source`. The source is a field of the record, `a.b` one within another, `"a.b"` one whose name has a
 * dot; a name that no record has is taken as it is, and `=text` always is.
 * @throws Error with a message for the person who typed it
 */
export function parseMapping(text: string): FieldMapping {
  const at = text.indexOf('=');
  const target = text.slice(0, at);
  const source = text.slice(at + 1);
  if (at === -1 || source === '') throw new Error(`${text}: expected field=source`);
  if (!isMappable(target))
    throw new Error(`${target} is not an event field; these are: ${mappableFields.join(', ')}`);
  if (source.startsWith('=')) return { target, path: null, literal: source.slice(1) };
  if (!source.includes('"')) return { target, path: source.split('.'), literal: source };
  return { target, path: parseQuotedPath(source), literal: null };
}

const segment = /(?:^|\.)(?:("(?:[^"\\]|\\.)*")|([^."]+))/y;

function parseQuotedPath(source: string): readonly string[] {
  const path: string[] = [];
  segment.lastIndex = 0;
  let end = 0;
  for (let match = segment.exec(source); match !== null; match = segment.exec(source)) {
    const [, quoted, bare] = match;
    path.push(bare ?? String(JSON.parse(quoted ?? '""')));
    end = segment.lastIndex;
  }
  if (end !== source.length)
    throw new Error(`${source}: expected field names separated by dots, those with dots in double quotes`);
  return path;
}

/** Decides by the first records of a file what is a field and what a literal. */
export function resolveMappings(
  mappings: readonly FieldMapping[],
  sample: readonly Record<string, unknown>[],
): readonly ResolvedMapping[] {
  return mappings.map(({ target, path, literal }) => {
    if (path !== null && (literal === null || sample.some((record) => holder(record, path) !== undefined)))
      return { target, path };
    return { target, literal: literal ?? '' };
  });
}

/** The object within a record that has the last key of the path; undefined when there is none. */
function holder(
  record: Record<string, unknown>,
  path: readonly string[],
): { readonly object: Record<string, unknown>; readonly key: string } | undefined {
  let object = record;
  for (const [index, key] of path.entries()) {
    if (!Object.hasOwn(object, key)) return undefined;
    if (index === path.length - 1) return { object, key };
    const next = object[key];
    if (!isObject(next)) return undefined;
    object = next;
  }
  return undefined;
}

/** Takes the value at the path out of the record. Null and what is not there are undefined. */
export function takeField(record: Record<string, unknown>, path: readonly string[]): unknown {
  const found = holder(record, path);
  if (found === undefined) return undefined;
  const value = found.object[found.key];
  // Not `delete`, which makes objects slow; JSON.stringify leaves undefined out.
  found.object[found.key] = undefined;
  return value === null || value === '' ? undefined : value;
}
