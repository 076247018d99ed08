import type { Issue } from '@streamflow/contracts';
import { validationError } from '../errors.ts';
import type { Receipt } from './event-issues.ts';
import { findDefects, formatJsonPath, isSuspect, type JsonPath } from './json-defects.ts';
import type { EventLimits } from './limits.ts';
import type { AcceptedEvent, Normalise, RefusedEvent } from './normalise.ts';
import { type JsonDocument, refuseIssues } from './strict-json.ts';

/** A batch of which at least one event is accepted. */
export interface NormalisedBatch {
  readonly accepted: readonly AcceptedEvent[];
  /** In the order of the request; null for a refused event. */
  readonly ids: readonly (string | null)[];
  /** What was wrong with the refused ones, each with its index. */
  readonly issues: readonly Issue[];
}

export interface BatchOptions {
  /** Where the list stands in the document: `['events']`. */
  readonly at: JsonPath;
  readonly receipt: Receipt;
  /** Accept the good ones when some are bad; otherwise one bad event refuses all. */
  readonly partial: boolean;
  readonly limits: EventLimits;
  readonly normalise: Normalise;
}

/** Past so many issues, each further event says only its first. */
const manyIssues = 1000;
const maxIssuesPerEvent = 20;

/** Normalises the events of a batch. Throws a ValidationError when none is accepted, or one is bad and `partial` is off. */
export function normaliseBatch(
  document: JsonDocument,
  events: unknown,
  { at, receipt, partial, limits, normalise }: BatchOptions,
): NormalisedBatch {
  const list = eventList(events, at, limits.maxBatchEvents);
  const defects = defectsByIndex(document, at, limits.maxJsonDepth);
  const accepted: AcceptedEvent[] = [];
  const ids: (string | null)[] = [];
  const issues: Issue[] = [];
  for (const [index, event] of list.entries()) {
    const known = defects?.get(index);
    const result = known === undefined ? normalise(event, receipt) : { issues: known };
    if ('issues' in result) {
      const reported = issues.length < manyIssues ? result.issues : result.issues.slice(0, 1);
      for (const issue of reported) issues.push({ index, ...issue });
      ids.push(null);
    } else {
      accepted.push(result);
      ids.push(result.id);
    }
  }
  if (!partial || accepted.length === 0) refuseIssues(issues);
  return { accepted, ids, issues };
}

function eventList(events: unknown, at: JsonPath, maxEvents: number): readonly unknown[] {
  const field = formatJsonPath(at);
  if (!Array.isArray(events) || events.length === 0)
    throw validationError([{ field, message: `${field} must be a list of at least one event` }]);
  if (events.length > maxEvents) {
    throw validationError([
      { field, message: `A batch has at most ${maxEvents} events; this one has ${events.length}` },
    ]);
  }
  return events;
}

/** What is wrong with the JSON, event by event; throws when something around the events is wrong. */
function defectsByIndex(
  { text, value }: JsonDocument,
  at: JsonPath,
  maxDepth: number,
): ReadonlyMap<number, RefusedEvent['issues']> | undefined {
  const limit = { maxDepth, outerLevels: at.length + 1 };
  if (!isSuspect(text, value, limit)) return undefined;
  const byIndex = new Map<number, [Issue, ...Issue[]]>();
  findDefects(text, limit, (path, message) => {
    const index = path[at.length];
    if (typeof index !== 'number' || !at.every((key, level) => path[level] === key))
      throw validationError([{ field: formatJsonPath(path), message }]);
    const issues = byIndex.get(index);
    if (issues !== undefined && issues.length >= maxIssuesPerEvent) return true;
    const issue = { field: formatJsonPath(path.slice(at.length + 1)), message };
    if (issues === undefined) byIndex.set(index, [issue]);
    else issues.push(issue);
    return true;
  });
  return byIndex;
}
