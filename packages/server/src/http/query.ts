import type { Issue } from '@streamflow/contracts';
import type { TSchema } from 'typebox';
import { StreamFlowError, validationError } from '../domain/errors.ts';
import { createCheck, propertyNames } from './validation.ts';

/** Values by name: texts where the contract knows nothing better, lists where a parameter may be repeated. */
export type Query = Readonly<Record<string, unknown>>;

const noQuery: Query = Object.freeze(Object.create(null));

/** Reads the query string of a URL as a contract says: coerced from text, checked, unknown parameters refused. */
export function createQueryParser(schema: TSchema | undefined): (url: string) => Query {
  const properties = schema === undefined ? {} : propertySchemas(schema);
  const passOthers =
    schema !== undefined && 'additionalProperties' in schema && schema.additionalProperties === true;
  const check = schema === undefined ? () => {} : createCheck(schema);
  const names = schema === undefined ? [] : propertyNames(schema);

  return (url) => {
    const start = url.indexOf('?');
    const texts = start < 0 || start === url.length - 1 ? null : splitQuery(url.slice(start + 1));
    if (texts === null) {
      check(noQuery);
      return noQuery;
    }
    // Without a prototype, so that no name means more than itself.
    const query: Record<string, unknown> = Object.create(null);
    const issues: Issue[] = [];
    for (const [name, values] of texts) {
      const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
      const [value] = values;
      // As in bodies: not every engine can compare with it, and nothing that is stored has it.
      if (values.some((one) => one.includes('\u0000')))
        issues.push({ field: name, message: `${name} must not contain U+0000` });
      else if (property !== undefined && property.type === 'array') {
        const items = property.items;
        query[name] = values.map((one) => coerce(one, isSchemaObject(items) ? items : {}));
      } else if (property !== undefined) {
        if (values.length > 1) issues.push({ field: name, message: `${name} may be given only once` });
        else if (value !== undefined) query[name] = coerce(value, property);
      } else if (passOthers) query[name] = values.length === 1 ? value : values;
      else
        issues.push({ field: name, message: `${name} is not a known parameter`, allowed_values: [...names] });
    }
    const [first, ...others] = issues;
    if (first !== undefined) throw validationError([first, ...others]);
    check(query);
    return query;
  };
}

/** Texts by name, in the order of their first appearance. */
function splitQuery(text: string): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const pair of text.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1));
    const known = values.get(name);
    if (known === undefined) values.set(name, [value]);
    else known.push(value);
  }
  return values;
}

function decode(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    throw new StreamFlowError('BadRequest', 'The query is not valid: check its percent encoding');
  }
}

/** Text that does not fit is left as it is, so that the check of the schema names what was expected. */
function coerce(text: string, schema: Readonly<Record<string, unknown>>): unknown {
  switch (schema.type) {
    case 'integer':
      return /^-?[0-9]{1,15}$/.test(text) ? Number(text) : text;
    case 'number':
      return /^-?[0-9]{1,15}(\.[0-9]{1,15})?$/.test(text) ? Number(text) : text;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    default:
      return text;
  }
}

const isSchemaObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

function propertySchemas(schema: TSchema): Record<string, Record<string, unknown>> {
  const found: Record<string, Record<string, unknown>> = {};
  if (!('properties' in schema) || !isSchemaObject(schema.properties)) return found;
  for (const [name, property] of Object.entries(schema.properties)) {
    if (isSchemaObject(property)) found[name] = property;
  }
  return found;
}
