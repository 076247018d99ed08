import { createHash } from 'node:crypto';
import { stringify } from 'yaml';
import { isTrue } from './execute-template.mjs';
import { TemplateError } from './parse-template.mjs';

/* The functions of Helm, Sprig and Go that the chart uses; the last argument is what was piped. */

const comparable = (a, b) => {
  if (typeof a !== typeof b && a !== null && b !== null) throw new Error('incompatible types for comparison');
  return a === b;
};
const indented = (spaces, text) => text.replaceAll(/^/gm, ' '.repeat(spaces));

export const chartFunctions = {
  // Evaluated by the executor, which stops at the first that decides.
  and: () => {},
  or: () => {},
  not: (value) => !isTrue(value),
  eq: (a, ...others) => others.some((b) => comparable(a, b)),
  ne: (a, b) => !comparable(a, b),
  printf(format, ...values) {
    const left = [...values];
    const text = format.replaceAll(/%(.)/g, (_, verb) => {
      if (verb === '%') return '%';
      const value = left.shift();
      if ((verb === 's' && typeof value === 'string') || (verb === 'd' && Number.isInteger(value)))
        return String(value);
      throw new Error(`%${verb} does not fit ${JSON.stringify(value)}`);
    });
    if (left.length > 0) throw new Error('more values than verbs');
    return text;
  },
  include(name, data) {
    return this.include(name, data);
  },
  toYaml: (value) => stringify(value, { sortMapEntries: true, lineWidth: 0 }).trimEnd(),
  nindent: (spaces, text) => `\n${indented(spaces, text)}`,
  quote: (value) => JSON.stringify(String(value ?? '')),
  default: (fallback, value) => (isTrue(value) ? value : fallback),
  required(message, value) {
    if (value === null || value === undefined || value === '') throw new TemplateError(message);
    return value;
  },
  dict: (...pairs) =>
    Object.fromEntries(Array.from({ length: pairs.length / 2 }, (_, i) => [pairs[2 * i], pairs[2 * i + 1]])),
  list: (...items) => items,
  trunc: (length, text) => text.slice(0, length),
  trimSuffix: (suffix, text) => (text.endsWith(suffix) ? text.slice(0, -suffix.length) : text),
  contains: (part, text) => text.includes(part),
  int: (value) => Math.trunc(Number(value)),
  b64enc: (text) => Buffer.from(text).toString('base64'),
  b64dec: (text) => Buffer.from(text, 'base64').toString(),
  sha256sum: (text) => createHash('sha256').update(text).digest('hex'),
  index: (collection, key) => collection?.[key] ?? null,
  // Nothing is in the cluster: there is none.
  lookup: () => ({}),
  // A rendering that can be compared with another.
  randAlphaNum: (length) => 'x'.repeat(length),
};
