import { severities } from '@streamflow/contracts';
import { parseTimestamp, timestampForm } from '../events/timestamp.ts';
import type { EventFilter, PropertyCondition } from './event-query.ts';
import { formatPropertyPath, parsePropertyPath } from './property-path.ts';
import type { QueryReader } from './query-reader.ts';
import { maxValues, shown } from './query-reader.ts';

/** Properties that one query compares. */
const maxProperties = 20;

const propertyPrefix = 'data.';

/** Reads the filter of a query whose parameters the schema names, properties of `data` apart. */
export function readEventFilter(
  reader: QueryReader,
  project: string,
  schema: { readonly properties: object },
): EventFilter {
  refuseUnknown(reader, Object.keys(schema.properties));
  const filter: { -readonly [K in keyof EventFilter]: EventFilter[K] } = { project };

  const start = readInstant(reader, 'start');
  const end = readInstant(reader, 'end');
  if (start !== undefined) filter.start = start;
  if (end !== undefined) filter.end = end;
  if (start !== undefined && end !== undefined && start >= end)
    reader.refuse('end', 'end must be later than start');

  const types = readNames(reader, 'type');
  const sources = readNames(reader, 'source');
  const severity = readSeverities(reader);
  const userIds = readNames(reader, 'user_id');
  const sessionIds = readNames(reader, 'session_id');
  const correlationIds = readNames(reader, 'correlation_id');
  const tags = readNames(reader, 'tag');
  const properties = readProperties(reader);
  if (types !== undefined) filter.types = types;
  if (sources !== undefined) filter.sources = sources;
  if (severity !== undefined) filter.severities = severity;
  if (userIds !== undefined) filter.userIds = userIds;
  if (sessionIds !== undefined) filter.sessionIds = sessionIds;
  if (correlationIds !== undefined) filter.correlationIds = correlationIds;
  if (tags !== undefined) filter.tags = tags;
  if (properties !== undefined) filter.properties = properties;
  return filter;
}

function refuseUnknown(reader: QueryReader, allowed: readonly string[]): void {
  const unknown = reader.names.filter((name) => !allowed.includes(name) && !name.startsWith(propertyPrefix));
  for (const name of unknown.slice(0, maxProperties))
    reader.refuse(name, `Unknown query parameter ${JSON.stringify(shown(name))}`, [
      ...allowed,
      `${propertyPrefix}<path>`,
    ]);
}

export function readInstant(reader: QueryReader, name: string): number | undefined {
  const text = reader.text(name);
  if (text === undefined) return undefined;
  const time = parseTimestamp(text);
  if (!Number.isNaN(time)) return time;
  return reader.refuse(name, `${name} must be ${timestampForm}`);
}

/** Values of an event field, which is never empty: an empty value is a mistake and not a condition. */
function readNames(reader: QueryReader, name: string): readonly string[] | undefined {
  const values = reader.list(name);
  if (values?.includes('')) return reader.refuse(name, `${name} must not be empty`);
  return values;
}

function readSeverities(reader: QueryReader): EventFilter['severities'] {
  const values = reader.list('severity');
  if (values === undefined) return undefined;
  const known = severities.filter((severity) => values.includes(severity));
  if (known.length === values.length) return known;
  return reader.refuse('severity', `severity must be one of ${severities.join(', ')}`, severities);
}

/** Paths that are spelt differently and mean the same are one condition. */
function readProperties(reader: QueryReader): readonly PropertyCondition[] | undefined {
  const names = reader.names.filter((name) => name.startsWith(propertyPrefix));
  if (names.length === 0) return undefined;
  if (names.length > maxProperties)
    return reader.refuse(`${propertyPrefix}<path>`, `At most ${maxProperties} properties can be compared`);
  const conditions = new Map<string, PropertyCondition>();
  for (const name of names) {
    const path = reader.collect(() => parsePropertyPath(name, shown(name)));
    const values = reader.list(name);
    if (path === undefined || values === undefined) continue;
    const key = formatPropertyPath(path);
    const all = [...new Set([...(conditions.get(key)?.values ?? []), ...values])];
    if (all.length > maxValues) reader.refuse(name, `${shown(name)} takes at most ${maxValues} values`);
    conditions.set(key, { path, values: all });
  }
  return [...conditions.values()];
}
