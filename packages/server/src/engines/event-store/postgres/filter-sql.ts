import type { EventFilter, PropertyCondition } from '../../../domain/queries/event-query.ts';
import { canonicalNumber } from '../../../domain/queries/matches-filter.ts';
import { isListIndex, propertySql } from './property-sql.ts';
import type { SqlParameters } from './sql-parameters.ts';

/** The condition of a filter, for WHERE. */
export function filterSql(filter: EventFilter, parameters: SqlParameters): string {
  const conditions = fieldConditions(filter, parameters);
  if (filter.start !== undefined) conditions.push(`timestamp >= ${parameters.addTime(filter.start)}`);
  if (filter.end !== undefined) conditions.push(`timestamp < ${parameters.addTime(filter.end)}`);
  anyOf(conditions, parameters, 'user_id', filter.userIds);
  anyOf(conditions, parameters, 'session_id', filter.sessionIds);
  anyOf(conditions, parameters, 'correlation_id', filter.correlationIds);
  if (filter.tags !== undefined)
    conditions.push(`tags && ${parameters.add('text[]', filter.tags.filter(isStorable))}`);
  for (const condition of filter.properties ?? [])
    conditions.push(propertyConditionSql(condition, parameters));
  return conditions.join(' and ');
}

/** The conditions on what roll-ups have too: project, type, source and severity. */
export function fieldConditions(filter: EventFilter, parameters: SqlParameters): string[] {
  const conditions = [`project = ${parameters.add('text', filter.project)}`];
  anyOf(conditions, parameters, 'type', filter.types);
  anyOf(conditions, parameters, 'source', filter.sources);
  anyOf(conditions, parameters, 'severity', filter.severities);
  return conditions;
}

function anyOf(
  conditions: string[],
  parameters: SqlParameters,
  column: string,
  values: readonly string[] | undefined,
): void {
  if (values === undefined) return;
  const possible = values.filter(isStorable);
  conditions.push(
    possible.length === 1
      ? `${column} = ${parameters.add('text', possible[0])}`
      : `${column} = any(${parameters.add('text[]', possible)})`,
  );
}

/** PostgreSQL holds neither NUL nor half a character, and refuses to be asked for them. */
const isStorable = (value: string): boolean => !value.includes('\0') && value.isWellFormed();

/**
 * Numbers are equal when JavaScript writes them the same; `jsonb` compares their values, without scale. Being contained is
 * the same as being equal for what is neither list nor object, and is what an index of properties knows. But containment
 * has no way to say an element of a list by its number.
 */
function propertyConditionSql({ path, values }: PropertyCondition, parameters: SqlParameters): string {
  const tokens = values.filter(isStorable).flatMap((value) => {
    const number = canonicalNumber(value);
    const word = value === 'true' || value === 'false' || value === 'null' ? [value] : [];
    return [JSON.stringify(value), ...(number === null ? [] : [number]), ...word];
  });
  if (path.some(isListIndex))
    return `${propertySql(path, parameters).value} = any(${parameters.add('jsonb[]', tokens)})`;
  const documents = tokens.map((token) =>
    path.reduceRight((inner, segment) => `{${JSON.stringify(segment)}:${inner}}`, token),
  );
  return `properties @> any(${parameters.add('jsonb[]', documents)})`;
}
