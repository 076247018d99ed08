import type { Schema } from './openapi.ts';
import type { Random } from './random.ts';

/* Values by schema: mostly of its form, sometimes not, and often of a kind that has broken other programs. */

const texts: readonly [string, ...string[]] = [
  '',
  ' ',
  'a',
  '0',
  'null',
  'undefined',
  'NaN',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  "' or '1'='1",
  "'; drop table events; --",
  '" or ""="',
  '\\',
  "\\'",
  '%',
  '%s%n%x',
  '{{7*7}}',
  '$where',
  '../../../../etc/passwd',
  'file:///etc/passwd',
  'http://127.0.0.1:1/',
  '<script>alert(1)</script>',
  '=cmd|calc!A1',
  '@SUM(1)',
  '\t',
  'a\r\nset-cookie: a=b',
  '\u202e',
  '\u0000',
  '\ufeff',
  '😀',
  'ß',
  'İ',
  '(a+)+$',
  '[',
  '*',
  'data.',
  'data..a',
  'data.a.b.c.d.e.f.g.h',
  'data.`a`',
  'data."a"',
  'a'.repeat(300),
  'é'.repeat(2000),
  '1e309',
  '-0',
  '9007199254740993',
  '2023-12-01T12:00:00Z',
  '0000-01-01T00:00:00Z',
  '9999-12-31T23:59:59Z',
  '2023-02-30T00:00:00Z',
  '2023-12-01T12:00:00+99:99',
  'Europe/Berlin',
  'UTC',
  '1m',
  '0s',
  '-1h',
  '99999999999d',
  '00000000-0000-4000-8000-000000000000',
  'web.click',
  'error',
  'count',
  'type',
  'user_id',
  'asc',
  'ndjson',
];
const numbers: readonly [number, ...number[]] = [
  0,
  -1,
  1,
  2,
  10,
  1000,
  1.5,
  -0.0,
  2 ** 31,
  2 ** 53 - 1,
  -(2 ** 53),
  1e300,
  5e-324,
];

export const hostileText = (random: Random): string => random.pick(texts);

/** Anything that JSON can say. */
export function anyValue(random: Random, depth = 0): unknown {
  switch (random.below(depth > 3 ? 4 : 6)) {
    case 0:
      return hostileText(random);
    case 1:
      return random.pick(numbers);
    case 2:
      return random.pick([true, false]);
    case 3:
      return null;
    case 4:
      return Array.from({ length: random.below(4) }, () => anyValue(random, depth + 1));
    default:
      return Object.fromEntries(
        Array.from({ length: random.below(4) }, () => [hostileText(random), anyValue(random, depth + 1)]),
      );
  }
}

/** A value for a schema. */
export function valueFor(
  schema: Schema,
  schemas: Readonly<Record<string, Schema>>,
  random: Random,
  depth = 0,
): unknown {
  if (depth > 6 || random.chance(0.02)) return anyValue(random);
  const inner = (one: Schema): unknown => valueFor(one, schemas, random, depth + 1);
  if (schema.$ref !== undefined) {
    const named = schemas[schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1)];
    return named === undefined ? anyValue(random) : inner(named);
  }
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return schema.enum[random.below(schema.enum.length)];
  if (schema.anyOf !== undefined) return inner(schema.anyOf[random.below(schema.anyOf.length)] ?? {});
  switch (schema.type) {
    case 'object':
      return objectFor(schema, inner, random);
    case 'array':
      return Array.from({ length: (schema.minItems ?? 0) + random.below(4) }, () =>
        inner(schema.items ?? {}),
      );
    case 'integer':
      return (schema.minimum ?? 0) + random.below(Math.min(schema.maximum ?? 100, 1000));
    case 'number':
      return random.pick(numbers);
    case 'boolean':
      return random.pick([true, false]);
    case 'string':
      return textFor(schema, random);
    default:
      return anyValue(random);
  }
}

function objectFor(schema: Schema, inner: (one: Schema) => unknown, random: Random): unknown {
  const made: [string, unknown][] = [];
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const isWanted = schema.required?.includes(name) === true ? !random.chance(0.04) : random.chance(0.5);
    if (isWanted) made.push([name, inner(property)]);
  }
  if (schema.properties === undefined || random.chance(0.05))
    made.push([hostileText(random), anyValue(random)]);
  return Object.fromEntries(made);
}

function textFor({ format, minLength = 0 }: Schema, random: Random): string {
  if (format === 'uuid' && random.chance(0.8)) return '00000000-0000-4000-8000-000000000000';
  if (format === 'date-time' && random.chance(0.8)) return '2023-12-01T12:00:00Z';
  const text = hostileText(random);
  return random.chance(0.9) ? text.padEnd(minLength, 'x') : text;
}
