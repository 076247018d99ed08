import type { EventFilter, PropertyCondition } from '../../../domain/queries/event-query.ts';
import { canonicalNumber } from '../../../domain/queries/matches-filter.ts';
import { tokenKinds } from './json-sql.ts';
import { type PropertySql, propertySql } from './property-sql.ts';
import type { SqlParameters } from './sql-parameters.ts';

export interface FilterSqlOptions {
  /** False reads every property from the text, also those that have columns. */
  readonly promoted: boolean;
}

// The bounds of DateTime64; all events are between them.
const earliest = Date.UTC(1900, 0, 1);
const latest = Date.UTC(2299, 11, 31, 23, 59, 59, 999);

/** A moment as ClickHouse's DateTime64. */
export function momentSql(parameters: SqlParameters, milliseconds: number): string {
  const clamped = Math.min(Math.max(Math.trunc(milliseconds), earliest), latest);
  return `fromUnixTimestamp64Milli(${parameters.add('Int64', clamped)}, 'UTC')`;
}

/** The condition of a filter, for WHERE. */
export function filterSql(filter: EventFilter, parameters: SqlParameters, options: FilterSqlOptions): string {
  const conditions = [`project = ${parameters.add('String', filter.project)}`];
  // A bound that no column value can have is not clamped: the last moment there is is before an end behind it.
  if (filter.start !== undefined) {
    conditions.push(filter.start > latest ? 'false' : `timestamp >= ${momentSql(parameters, filter.start)}`);
  }
  if (filter.end !== undefined && filter.end <= latest) {
    conditions.push(`timestamp < ${momentSql(parameters, filter.end)}`);
  }
  const anyOf = (column: string, values: readonly string[] | undefined): void => {
    if (values !== undefined) conditions.push(`${column} IN ${parameters.add('Array(String)', values)}`);
  };
  anyOf('type', filter.types);
  anyOf('source', filter.sources);
  anyOf('severity', filter.severities);
  anyOf('user_id', filter.userIds);
  anyOf('session_id', filter.sessionIds);
  anyOf('correlation_id', filter.correlationIds);
  if (filter.tags !== undefined) {
    conditions.push(`hasAny(tags, ${parameters.add('Array(String)', filter.tags)})`);
  }
  for (const condition of filter.properties ?? []) {
    conditions.push(propertyConditionSql(condition, parameters, options));
  }
  return conditions.join(' AND ');
}

function propertyConditionSql(
  condition: PropertyCondition,
  parameters: SqlParameters,
  options: FilterSqlOptions,
): string {
  const property = propertySql(condition.path, parameters, options.promoted);
  const alternatives = condition.values.map((value) => valueConditionSql(property, value, parameters));
  return alternatives.length === 0 ? 'false' : `(${alternatives.join(' OR ')})`;
}

/** Numbers are equal when JavaScript writes them the same. */
function valueConditionSql(property: PropertySql, value: string, parameters: SqlParameters): string {
  const equals = `${property.text} = ${parameters.add('String', value)}`;
  // The text `null` also stands for no value.
  if (value === 'null')
    return `(${equals} AND ${property.kind} IN (${tokenKinds.string}, ${tokenKinds.null}))`;
  const number = canonicalNumber(value);
  if (number === null || number === value) return equals;
  const equalNumber = `${property.text} = ${parameters.add('String', number)} AND ${property.kind} = ${tokenKinds.number}`;
  return `(${equals} OR (${equalNumber}))`;
}
