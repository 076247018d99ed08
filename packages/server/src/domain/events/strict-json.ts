import type { Issue } from '@streamflow/contracts';
import { StreamFlowError, validationError } from '../errors.ts';
import { type DepthLimit, findDefects, formatJsonPath, isSuspect, type JsonPath } from './json-defects.ts';

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
  const document = readJson(body);
  refuseDefects(document, { maxDepth });
  return document.value;
}

/** Throws a ValidationError when the document has defects. `within` is cut off from their paths. */
export function refuseDefects({ text, value }: JsonDocument, limit: DepthLimit, within: JsonPath = []): void {
  if (!isSuspect(text, value, limit)) return;
  const issues: Issue[] = [];
  findDefects(text, limit, (path, message) => {
    const isWithin = within.every((key, level) => path[level] === key);
    issues.push({ field: formatJsonPath(isWithin ? path.slice(within.length) : path), message });
    return issues.length < maxIssues;
  });
  refuseIssues(issues);
}

/** Throws a ValidationError that names the fields which an object at `within` should not have. */
export function refuseUnknownFields(value: object, known: readonly string[], within: JsonPath = []): void {
  const issues: Issue[] = [];
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const field = formatJsonPath([...within, key]);
    if (
      issues.push({ field, message: `${field} is not a known field`, allowed_values: [...known] }) ===
      maxIssues
    )
      break;
  }
  refuseIssues(issues);
}

/** Throws a ValidationError when there are issues. */
export function refuseIssues(issues: readonly Issue[]): void {
  const [first, ...rest] = issues;
  if (first !== undefined) throw validationError([first, ...rest]);
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
