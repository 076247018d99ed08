/*
 * What is valid JSON and still cannot be kept by every engine as it was sent: keys that JavaScript code stumbles over,
 * NUL (PostgreSQL refuses it), lone surrogates (UTF-8 has no form for them), numbers that a double cannot hold, and
 * nesting without end.
 *
 * Numbers: an integer literal (no fraction, no exponent) must lie within ±2^53, both included, since beyond it
 * neighbours share a double. A literal with a fraction or an exponent means a double and is taken to the nearest one
 * (`1e300`, `1E2`, `0.1` come back as the same value); it is refused when the nearest one is infinite, or zero for a
 * number that is not, or an integer beyond 2^53 and below 1e21: JavaScript writes those without an exponent, so that
 * what we give out would be refused when it is sent to us again. `-0` is the number 0 and comes back as `0`. Of a repeated key the last value counts, as in every
 * JavaScript reader; the ones before it are checked all the same.
 */

/** Keys and list positions, from the outside in. */
export type JsonPath = readonly (string | number)[];

const maxPathLength = 512;

/** `data.items.0.price`; keys with other characters than letters, digits, `_` and `-` stand in double quotes. */
export function formatJsonPath(path: JsonPath): string {
  const text = path
    .map((key) => (typeof key === 'number' || /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key)))
    .join('.');
  return text.length <= maxPathLength ? text : `${text.slice(0, maxPathLength)}…`;
}

/** Called for each defect in the order of the text; `path` is only valid during the call. Answers whether to go on. */
export type DefectReport = (path: JsonPath, message: string) => boolean;

// Each costs 10 to 60 ns on an event of 400 bytes: sixteen digits written out let V8 skip ahead, `\d{16}` costs 340 ns.
const sixteenDigits = /\d\d\d\d\d\d\d\d\d\d\d\d\d\d\d\d/;
const longExponent = /\d[eE][+-]?\d\d+(?:[\s,}\]]|$)/;
const tellingEscape = /\\u(?:0000|00[567]|[dD][89a-fA-F])/;
const reservedWord = /(?:__proto__|constructor|prototype)"/;

/** Whether the text may hold a defect other than depth: cheap, never wrongly false, true for some without one. */
function mayHoldDefects(text: string): boolean {
  return (
    sixteenDigits.test(text) ||
    reservedWord.test(text) ||
    longExponent.test(text) ||
    (text.includes('\\u') && tellingEscape.test(text))
  );
}

const isContainer = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** Whether {@link findDefects} may find any in the document. */
export function isSuspect(text: string, value: unknown, { maxDepth, outerLevels = 0 }: DepthLimit): boolean {
  return mayHoldDefects(text) || isDeeperThan(value, maxDepth + outerLevels);
}

/** Whether lists and objects are nested in each other more than `levels` deep. */
function isDeeperThan(value: unknown, levels: number): boolean {
  if (!isContainer(value)) return false;
  if (levels === 0) return true;
  if (Array.isArray(value)) {
    for (const item of value) {
      if (typeof item === 'object' && isDeeperThan(item, levels - 1)) return true;
    }
    return false;
  }
  for (const key in value) {
    const member = value[key];
    if (typeof member === 'object' && isDeeperThan(member, levels - 1)) return true;
  }
  return false;
}

/** How deep a document may be nested. */
export interface DepthLimit {
  /** Levels of lists and objects. */
  readonly maxDepth: number;
  /** Levels around what is limited, which do not count: 2 for the events of `{ "events": [ … ] }`. */
  readonly outerLevels?: number;
}

/**
 * Walks a text that `JSON.parse` takes and reports every defect with its path. No recursion, and no memory beyond the
 * path: below the deepest level it reports once and only counts.
 */
export function findDefects(text: string, limit: DepthLimit, report: DefectReport): void {
  const { maxDepth, outerLevels = 0 } = limit;
  const deepest = maxDepth + outerLevels;
  // One entry a level: the key or position of what is being read; a number entry is a list's.
  const path: (string | number)[] = [];
  const isList: boolean[] = [];
  let tooDeep = 0;
  let keyExpected = false;
  let at = 0;
  while (at < text.length) {
    const character = text.charCodeAt(at);
    if (character === quote) {
      const end = endOfString(text, at);
      if (tooDeep > 0) {
        at = end;
        continue;
      }
      const raw = text.slice(at, end);
      at = end;
      const value = raw.includes('\\') ? String(JSON.parse(raw)) : raw.slice(1, -1);
      if (keyExpected) {
        path[path.length - 1] = value;
        keyExpected = false;
        if (reservedKeys.has(value) && !report(path, `The key ${value} is not allowed`)) return;
      }
      const defect = raw.includes('\\') ? stringDefect(value) : undefined;
      if (defect !== undefined && !report(path, defect)) return;
    } else if (character === minus || (character >= zero && character <= nine)) {
      const end = endOfNumber(text, at);
      if (tooDeep === 0) {
        const defect = numberDefect(text.slice(at, end));
        if (defect !== undefined && !report(path, defect)) return;
      }
      at = end;
    } else {
      at += 1;
      if (character === openBrace || character === openBracket) {
        if (tooDeep > 0 || path.length === deepest) {
          tooDeep += 1;
          if (tooDeep === 1 && !report(path, `Nested deeper than ${maxDepth} levels`)) return;
        } else {
          const list = character === openBracket;
          path.push(list ? 0 : '');
          isList.push(list);
          keyExpected = !list;
        }
      } else if (character === closeBrace || character === closeBracket) {
        if (tooDeep > 0) tooDeep -= 1;
        else {
          path.pop();
          isList.pop();
          keyExpected = false;
        }
      } else if (character === comma && tooDeep === 0) {
        const last = path.at(-1);
        if (isList.at(-1) === true && typeof last === 'number') path[path.length - 1] = last + 1;
        else keyExpected = true;
      }
    }
  }
}

const reservedKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);
const quote = 0x22;
const backslash = 0x5c;
const minus = 0x2d;
const zero = 0x30;
const nine = 0x39;
const comma = 0x2c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/** Position behind the closing quote of the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === backslash) escapes += 1;
    if (escapes % 2 === 0) return end + 1;
    end = text.indexOf('"', end + 1);
  }
  return text.length;
}

function endOfNumber(text: string, start: number): number {
  notOfNumber.lastIndex = start;
  return notOfNumber.exec(text)?.index ?? text.length;
}
const notOfNumber = /[^0-9eE+.-]/g;

function stringDefect(value: string): string | undefined {
  if (value.includes('\0')) return 'Text must not contain NUL characters';
  if (!value.isWellFormed()) return 'Text must not contain lone surrogates';
  return undefined;
}

function numberDefect(literal: string): string | undefined {
  const value = Number(literal);
  if (!Number.isFinite(value)) return 'The number is larger than a double can hold';
  if (value === 0) {
    return /^-?[0.]*[1-9]/.test(literal) ? 'The number is smaller than a double can hold' : undefined;
  }
  return isInexactInteger(literal, value)
    ? 'Integers beyond 9007199254740992 cannot be held exactly; send the number as text'
    : undefined;
}

function isInexactInteger(literal: string, value: number): boolean {
  if (literal.length >= 16 && /^-?\d+$/.test(literal)) {
    const integer = BigInt(literal);
    return integer > 2n ** 53n || integer < -(2n ** 53n);
  }
  const size = Math.abs(value);
  return size > 2 ** 53 && size < firstWrittenWithExponent && Number.isInteger(value);
}
const firstWrittenWithExponent = 1e21;
