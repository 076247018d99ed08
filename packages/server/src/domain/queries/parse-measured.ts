import type { AggregationMetric } from '@streamflow/contracts';
import { groupableFields } from '@streamflow/contracts';
import type { GroupKey } from './event-query.ts';
import { formatPropertyPath, type PropertyPath, parsePropertyPath } from './property-path.ts';
import type { QueryReader } from './query-reader.ts';

/** The property whose numbers a metric aggregates; undefined for those that count events or users. */
export function readField(reader: QueryReader, metric: AggregationMetric): PropertyPath | undefined {
  const text = reader.text('field');
  const needed = metric !== 'count' && metric !== 'unique_users';
  if (text === undefined)
    return needed ? reader.refuse('field', `metric ${metric} needs field=data.<path>`) : undefined;
  if (!needed) return reader.refuse('field', `metric ${metric} takes no field`);
  return reader.collect(() => parsePropertyPath(text, 'field'));
}

/** At most two different keys, repeated or separated by commas. */
export function readGroupBy(reader: QueryReader): readonly GroupKey[] {
  const texts = reader.list('group_by')?.flatMap(splitAtCommas) ?? [];
  if (texts.length > 2) reader.refuse('group_by', 'group_by takes at most two keys');
  const keys = texts.slice(0, 2).flatMap((text) => readGroupKey(reader, 'group_by', text) ?? []);
  const [first, second] = keys.map((key) =>
    key.kind === 'field' ? key.field : formatPropertyPath(key.path),
  );
  if (second !== undefined && first === second)
    reader.refuse('group_by', 'group_by takes two different keys');
  return keys;
}

/** Reads an event field or `data.<path>`; `parameter` is the request field that an error names. */
export function readGroupKey(reader: QueryReader, parameter: string, text: string): GroupKey | undefined {
  const field = groupableFields.find((name) => name === text);
  if (field !== undefined) return { kind: 'field', field: field === 'tags' ? 'tag' : field };
  const allowed = [...groupableFields, 'data.<path>'];
  if (!text.startsWith('data.'))
    return reader.refuse(parameter, `${parameter} must be one of ${allowed.join(', ')}`, allowed);
  const path = reader.collect(() => parsePropertyPath(text, parameter));
  return path === undefined ? undefined : { kind: 'property', path };
}

/** Splits at commas, but not at those within a quoted key: `type,data."a,b"`. */
function splitAtCommas(text: string): string[] {
  const parts: string[] = [];
  let from = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (quoted && character === '\\') at++;
    else if (character === '"') quoted = !quoted;
    else if (character === ',' && !quoted) {
      parts.push(text.slice(from, at));
      from = at + 1;
    }
  }
  parts.push(text.slice(from));
  return parts;
}
