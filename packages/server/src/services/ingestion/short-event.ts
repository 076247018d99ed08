import type { Issue } from '@streamflow/contracts';
import type { Normalise } from '../../domain/events/normalise.ts';

/** What the short form of an event names beside its type; everything else in it is the event's `data`. */
const liftedFields: ReadonlySet<string> = new Set([
  'id',
  'source',
  'timestamp',
  'severity',
  'user_id',
  'session_id',
  'correlation_id',
  'tags',
]);
const defaultSource = 'websocket';

/** Takes events as sockets send them: in full, or in the short form `{ event_type, … }`. */
export function normaliseAnyForm(normalise: Normalise): Normalise {
  return (value, receipt) => {
    if (!isShortForm(value)) return normalise(value, receipt);
    const result = normalise(expand(value), receipt);
    if (!('issues' in result)) return result;
    const [first, ...others] = result.issues;
    return { issues: [inShortTerms(first), ...others.map(inShortTerms)] };
  };
}

/** An object that has type, source and data is an event as it is, whatever else it has. */
function isShortForm(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return 'event_type' in value && !('type' in value && 'source' in value && 'data' in value);
}

function expand(short: object): Record<string, unknown> {
  const event: Record<string, unknown> = { source: defaultSource };
  const data: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(short)) {
    if (field === 'event_type') event.type = value;
    else if (liftedFields.has(field)) event[field] = value;
    else data[field] = value;
  }
  event.data = data;
  return event;
}

const inShortTerms = (issue: Issue): Issue =>
  issue.field === 'type' ? { ...issue, field: 'event_type' } : issue;
