import type { ReceivedWithin, SentEvent } from './sent-event.ts';

/** Events whose ids follow one another, as the records of a file get them, so that their outcome can be counted. */
export interface SentSpan {
  readonly events: readonly SentEvent[];
  readonly first: string;
  readonly last: string;
  readonly received: ReceivedWithin;
  readonly bytes: number;
}

const versionOfDerived = '8';
const familyLength = 13;

/** What the ids of one file begin with. */
export const familyOf = (id: string): string => id.slice(0, familyLength);

/**
 * The span that the events are; null when their ids are not those that one file gives its records, in ascending order:
 * then others may have ids among them.
 */
export function spanOf(events: readonly SentEvent[], received: ReceivedWithin): SentSpan | null {
  const first = events[0]?.id;
  const last = events.at(-1)?.id;
  if (first === undefined || last === undefined) return null;
  if (first[14] !== versionOfDerived) return null;
  const family = familyOf(first);
  let bytes = 0;
  let before = '';
  for (const { id, json } of events) {
    if (id <= before || !id.startsWith(family)) return null;
    before = id;
    bytes += json.length;
  }
  return { events, first, last, received, bytes };
}

export const overlap = (one: SentSpan, other: SentSpan): boolean =>
  one.first <= other.last && other.first <= one.last;
