import type { Event } from '@streamflow/contracts';
import type { EventFilter, PropertyCondition } from './event-query.ts';
import { valueAt } from './property-path.ts';

/** What a filter means, in plain JavaScript; every compiler of filters is held against it. */
export function matchesFilter(event: Event, project: string, filter: EventFilter): boolean {
  const time = Date.parse(event.timestamp);
  return (
    project === filter.project &&
    (filter.start === undefined || time >= filter.start) &&
    (filter.end === undefined || time < filter.end) &&
    includes(filter.types, event.type) &&
    includes(filter.sources, event.source) &&
    includes(filter.severities, event.severity) &&
    includes(filter.userIds, event.user_id) &&
    includes(filter.sessionIds, event.session_id) &&
    includes(filter.correlationIds, event.correlation_id) &&
    (filter.tags === undefined || filter.tags.some((tag) => event.tags.includes(tag))) &&
    (filter.properties ?? []).every((condition) => matchesProperty(event.data, condition))
  );
}

function includes(values: readonly string[] | undefined, value: string | null): boolean {
  return values === undefined || (value !== null && values.includes(value));
}

function matchesProperty(data: unknown, condition: PropertyCondition): boolean {
  const value = valueAt(data, condition.path);
  return condition.values.some((text) => {
    if (typeof value === 'string') return value === text;
    if (typeof value === 'number') return canonicalNumber(text) === String(value);
    return (typeof value === 'boolean' || value === null) && String(value) === text;
  });
}

const jsonNumber = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/;

/** How JavaScript writes the number that a text reads as, in the grammar of JSON; null when it is none. */
export function canonicalNumber(text: string): string | null {
  if (!jsonNumber.test(text)) return null;
  const number = Number(text);
  return Number.isFinite(number) ? String(number) : null;
}

/** Whether an event counts as an error: type `error`, or an `api.response` whose status is 500 or above. */
export function isErrorEvent(event: Pick<Event, 'type' | 'data'>): boolean {
  if (event.type === 'error') return true;
  if (event.type !== 'api.response') return false;
  return [event.data.status, event.data.status_code].some(
    (status) => typeof status === 'number' && status >= 500,
  );
}
