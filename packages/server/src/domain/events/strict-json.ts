import type { Issue } from '@streamflow/contracts';
import { StreamFlowError, validationError } from '../errors.ts';
import { findDefects, isDeeperThan, type JsonPath, mayHoldDefects } from './json-defects.ts';

export interface StrictJsonOptions {
  /** Lists and objects may be nested in each other so many levels deep; `{}` is one level. */
  readonly maxDepth: number;
}

/** A body that is JSON: its text, and the value that `JSON.parse` makes of it. */
export interface JsonDocument {
  readonly text: string;
  readonly value: unknown;
}

const maxIssues = 100;
const byteOrderMark = 0xfeff;

/**
 * Parses a body and refuses what no engine could give back as it was sent (see json-defects.ts).
 *
 * Throws BadRequest for what is not UTF-8 or not JSON, and ValidationError with the path of every defect (the first 100)
 * otherwise. A byte order mark at the beginning is passed over.
 */
export function parseJson(body: Buffer, { maxDepth }: StrictJsonOptions): unknown {
  const { text, value } = readJson(body);
  if (mayHoldDefects(text) || isDeeperThan(value, maxDepth)) {
    const issues: Issue[] = [];
    findDefects(text, maxDepth, (path, message) => {
      issues.push({ field: formatJsonPath(path), message });
      return issues.length < maxIssues;
    });
    const [first, ...rest] = issues;
    if (first !== undefined) throw validationError([first, ...rest]);
  }
  return value;
}

/** Parses a body without looking for defects; throws BadRequest for what is not UTF-8 or not JSON. */
export function readJson(body: Buffer): JsonDocument {
  if (body.length === 0) throw new StreamFlowError('BadRequest', 'The body is empty; JSON was expected');
  return readJsonText(decodeUtf8(body));
}

/** {@link readJson} for text that is decoded already. */
export function readJsonText(text: string): JsonDocument {
  const json = text.charCodeAt(0) === byteOrderMark ? text.slice(1) : text;
  try {
    return { text: json, value: JSON.parse(json) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new StreamFlowError('BadRequest', `The body is not valid JSON: ${reason}`, { cause: error });
  }
}

function decodeUtf8(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  // Bytes that are not UTF-8 decode to U+FFFD, which may also have been sent as itself: then the way back is exact.
  if (text.includes('\ufffd') && !Buffer.from(text, 'utf8').equals(bytes))
    throw new StreamFlowError('BadRequest', 'The body is not valid UTF-8');
  return text;
}

const maxPathLength = 512;

/** `data.items.0.price`; keys with other characters than letters, digits, `_` and `-` stand in double quotes. */
export function formatJsonPath(path: JsonPath): string {
  const text = path
    .map((key) => (typeof key === 'number' || /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key)))
    .join('.');
  return text.length <= maxPathLength ? text : `${text.slice(0, maxPathLength)}…`;
}
