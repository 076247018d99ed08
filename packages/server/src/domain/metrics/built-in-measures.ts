import type { Event } from '@streamflow/contracts';
import { isErrorEvent } from '../queries/matches-filter.ts';
import { responseTimeOf } from './response-time.ts';

/** What the built-in metrics measure of an event. */
export interface BuiltInMeasures {
  readonly type: string;
  readonly source: string;
  readonly severity: string;
  readonly userId: string | null;
  readonly sessionId: string | null;
  readonly isError: boolean;
  /** Seconds; null when the event has no response time. */
  readonly responseTime: number | null;
}

export const builtInMeasuresOf = (event: Event): BuiltInMeasures => ({
  type: event.type,
  source: event.source,
  severity: event.severity,
  userId: event.user_id,
  sessionId: event.session_id,
  isError: isErrorEvent(event),
  responseTime: responseTimeOf(event.data),
});
