import type { Event } from '@streamflow/contracts';
import { isErrorEvent } from '../queries/matches-filter.ts';
import { responseTimeOf } from './response-time.ts';
import { hashText, type TextHash } from './text-hash.ts';

/** What the built-in metrics measure of an event. */
export interface BuiltInMeasures {
  readonly type: string;
  readonly source: string;
  readonly severity: string;
  /** Of the ids, since they are only told apart. */
  readonly user: TextHash | null;
  readonly session: TextHash | null;
  readonly isError: boolean;
  /** Seconds; null when the event has no response time. */
  readonly responseTime: number | null;
}

export const builtInMeasuresOf = (event: Event): BuiltInMeasures => ({
  type: event.type,
  source: event.source,
  severity: event.severity,
  user: event.user_id === null ? null : hashText(event.user_id),
  session: event.session_id === null ? null : hashText(event.session_id),
  isError: isErrorEvent(event),
  responseTime: responseTimeOf(event.data),
});
