import type { PropertyPath } from '../../../domain/queries/property-path.ts';
import { tokenKindSql, tokenNumberSql, tokenTextSql } from './json-sql.ts';
import {
  kindColumn,
  numberColumn,
  promotedNumbers,
  promotedTexts,
  textColumn,
} from './promoted-properties.ts';
import type { SqlParameters } from './sql-parameters.ts';

/** A property of `data` in SQL, in three aspects. */
export interface PropertySql {
  /** A string itself, a number as JavaScript writes it, true or false; `null` for null, no value, lists and objects. */
  readonly text: string;
  readonly kind: string;
  /** The number; NULL when it is none. */
  readonly number: string;
}

const listIndex = /^(0|[1-9][0-9]{0,8})$/;

/** @param promoted whether columns may stand in for the text. */
export function propertySql(path: PropertyPath, parameters: SqlParameters, promoted: boolean): PropertySql {
  const [first] = path;
  const property = path.length === 1 && promoted ? first : undefined;
  const text = promotedTexts.find((name) => name === property);
  const number = promotedNumbers.find((name) => name === property);
  const token = tokenSql(path, parameters);
  return {
    text: text === undefined ? tokenTextSql(token) : textColumn(text),
    kind: text === undefined ? tokenKindSql(token) : kindColumn(text),
    number: number === undefined ? tokenNumberSql(token) : numberColumn(number),
  };
}

/**
 * The token at a path. A segment of digits selects an element where a list is and a key where an object is, and
 * JSONExtractRaw with a number would take the n-th member of an object: so the text is opened level by level there.
 */
function tokenSql(path: PropertyPath, parameters: SqlParameters): string {
  let token = 'data';
  let keys: string[] = [];
  const opened = (): string => (keys.length === 0 ? token : `JSONExtractRaw(${token}, ${keys.join(', ')})`);
  for (const segment of path) {
    const key = parameters.add('String', segment);
    if (!listIndex.test(segment)) {
      keys.push(key);
      continue;
    }
    const index = parameters.add('UInt32', Number(segment) + 1);
    const container = opened();
    token =
      `arrayMap(json -> if(startsWith(json, '['), JSONExtractRaw(json, ${index}), JSONExtractRaw(json, ${key})), ` +
      `[${container}])[1]`;
    keys = [];
  }
  return opened();
}
