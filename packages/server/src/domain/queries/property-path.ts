import { validationError } from '../errors.ts';

/*
 * Paths into `data`: segments separated by dots. A segment of letters, digits, `_` and `-` stands bare, any other is
 * quoted as a JSON string: data.page, data.items.0.price, data."id.orig_h".
 */

/** Keys from the outside in; a number as text selects a list element when the value there is a list. */
export type PropertyPath = readonly string[];

export const maxPathSegments = 16;

const segment = /\.(?:([A-Za-z0-9_-]{1,256})|("(?:[^"\\]|\\.){0,512}"))/y;

/** Reads `data.<path>`; `parameter` is the request field that an error names. */
export function parsePropertyPath(text: string, parameter: string): PropertyPath {
  const refuse = (): never => {
    throw validationError([
      {
        field: parameter,
        message: `${parameter} must be data.<path>: keys separated by dots, keys with other characters than letters, digits, _ and - in double quotes, at most ${maxPathSegments} of them`,
      },
    ]);
  };
  if (!text.startsWith('data.')) return refuse();
  const path: string[] = [];
  let position = 'data'.length;
  while (position < text.length) {
    segment.lastIndex = position;
    const match = segment.exec(text);
    if (match === null) return refuse();
    const [whole, bare, quoted] = match;
    if (bare !== undefined) path.push(bare);
    else if (quoted !== undefined) {
      try {
        path.push(String(JSON.parse(quoted)));
      } catch {
        return refuse();
      }
    }
    position += whole.length;
  }
  if (path.length > maxPathSegments || path.some((key) => key.includes('\0') || !key.isWellFormed()))
    return refuse();
  return path;
}

/** The text of a path, the inverse of {@link parsePropertyPath}. */
export function formatPropertyPath(path: PropertyPath): string {
  return `data${path.map((key) => `.${/^[A-Za-z0-9_-]{1,256}$/.test(key) ? key : JSON.stringify(key)}`).join('')}`;
}

/** The value at a path in parsed JSON; undefined where there is none. */
export function valueAt(data: unknown, path: PropertyPath): unknown {
  let value: unknown = data;
  for (const key of path) {
    if (Array.isArray(value)) {
      if (!/^(0|[1-9][0-9]{0,8})$/.test(key)) return undefined;
      value = value[Number(key)];
    } else if (typeof value === 'object' && value !== null) {
      if (!Object.hasOwn(value, key)) return undefined;
      value = Reflect.get(value, key);
    } else return undefined;
  }
  return value;
}
