import type { PropertyPath } from '../../../domain/queries/property-path.ts';
import type { SqlParameters } from './sql-parameters.ts';

/** A property of `data` in SQL, in three aspects. */
export interface PropertySql {
  /** As `jsonb`; NULL where there is none. */
  readonly value: string;
  /** A string itself, a number as JavaScript writes it, true or false; `null` for null, no value, lists and objects. */
  readonly text: string;
  /** The number; NULL when it is none. */
  readonly number: string;
}

/** Whether a segment of a path may mean an element of a list. */
export const isListIndex = (segment: string): boolean => /^(0|[1-9][0-9]{0,8})$/.test(segment);

export function propertySql(path: PropertyPath, parameters: SqlParameters): PropertySql {
  const { value, string } = valueSql(path, parameters);
  const numeric = `(${value})::numeric`;
  const double = doubleSql(numeric);
  // JavaScript writes an exponent where PostgreSQL writes many digits, and without a leading zero.
  const numberText =
    `case when abs(${numeric}) >= 1e21 or (abs(${numeric}) < 1e-6 and ${numeric} <> 0) ` +
    `then regexp_replace((${double})::text, 'e([+-])0*', 'e\\1') else trim_scale(${numeric})::text end`;
  return {
    value,
    text:
      `case jsonb_typeof(${value}) when 'string' then ${string} when 'number' then ${numberText} ` +
      `when 'boolean' then (${value})::text else 'null' end`,
    number: `case jsonb_typeof(${value}) when 'number' then ${double} end`,
  };
}

/** A double from a numeric. PostgreSQL refuses to make one that is infinite, or so small that it is zero. */
export function doubleSql(numeric: string): string {
  return (
    `case when abs(${numeric}) >= 1.7976931348623158e308 then sign(${numeric})::float8 * 'infinity'::float8 ` +
    `when abs(${numeric}) < 3e-324 then 0 else (${numeric})::float8 end`
  );
}

/**
 * The value at a path, as it is and as the text of a string. `->` takes keys of objects alone, and is twice as fast as
 * `#>`, which takes a segment of digits as an element of a list or a key of an object, whichever is there; it would also
 * take what merely looks like a number, such as -1.
 */
function valueSql(path: PropertyPath, parameters: SqlParameters): { value: string; string: string } {
  let value = 'properties';
  let string = value;
  for (const segment of path) {
    const [arrow, key] = isListIndex(segment)
      ? ['#>', parameters.add('text[]', [segment])]
      : ['->', parameters.add('text', segment)];
    string = `(${value} ${arrow}> ${key})`;
    value = `(${value} ${arrow} ${key})`;
  }
  return { value, string };
}
