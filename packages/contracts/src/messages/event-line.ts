import type { Event } from '../model/event.ts';

/*
 * One event as one line of JSON, written once at the edge and carried as it is through the bus into the event store.
 * The keys stand in a fixed order and the first three have values of fixed length, so that a reader finds the id and
 * the times of a line by position, without parsing it:
 *
 *   {"id":"<36>","timestamp":"<24>","received_at":"<24>","project":…,"type":…,"source":…,"severity":…,
 *    "correlation_id":…,"session_id":…,"user_id":…,"tags":[…],"metadata":{…},"data":{…}}
 *
 * Ids are in lower case. Times are `YYYY-MM-DDTHH:MM:SS.mmmZ`.
 */

export interface LineEvent extends Event {
  project: string;
}

/** Byte positions, from the start of a line, of the values that readers need without parsing. */
export const eventLineLayout = {
  id: { start: 7, end: 43 },
  timestamp: { start: 58, end: 82 },
  receivedAt: { start: 99, end: 123 },
} as const;

/** The line of an event, without the line feed. */
export function formatEventLine(event: LineEvent): string {
  return (
    `{"id":"${event.id}","timestamp":"${event.timestamp}","received_at":"${event.received_at}","project":` +
    `${JSON.stringify(event.project)},"type":${JSON.stringify(event.type)},"source":${JSON.stringify(event.source)}` +
    `,"severity":"${event.severity}","correlation_id":${JSON.stringify(event.correlation_id)},"session_id":` +
    `${JSON.stringify(event.session_id)},"user_id":${JSON.stringify(event.user_id)},"tags":` +
    `${JSON.stringify(event.tags)},"metadata":${JSON.stringify(event.metadata)},"data":${JSON.stringify(event.data)}}`
  );
}
