import type { Event } from '@streamflow/contracts';
import type { Clock } from '../../../domain/clock.ts';
import type { EventFilter } from '../../../domain/queries/event-query.ts';
import type { EventStore } from '../../../engines/event-store/port.ts';

/*
 * Events are looked for again and again from a little before the newest one seen, because one that happened earlier may
 * be stored later. What was seen within that overlap is remembered by id and passed over. A look reads the newest so
 * many; where there are more, all that is older is regarded as seen, so that neither memory nor the work of a look grows
 * with the load. The newest time that counts is never later than our clock: one event from a clock that runs ahead must
 * not hide the others.
 */

export interface FollowLimits {
  /** Milliseconds by which an event may be stored later than one that happened after it. */
  readonly overlapMs: number;
  /** Events that a look reads. */
  readonly lookEvents: number;
}

export const defaultFollowLimits: FollowLimits = { overlapMs: 10_000, lookEvents: 1000 };

export interface FreshEvents {
  /** In the order of their times. */
  readonly events: readonly Event[];
  /** How many became visible; more than `events` when a look did not read them all. */
  readonly matched: number;
}

export interface EventFollower {
  /** What became visible since the look before; the first look finds nothing, since what is there is history. */
  look(signal: AbortSignal): Promise<FreshEvents>;
}

export function createEventFollower(
  store: Pick<EventStore, 'list'>,
  clock: Clock,
  filter: EventFilter,
  limits: FollowLimits = defaultFollowLimits,
): EventFollower {
  /** Times (milliseconds) of the events in the overlap, by id. */
  const seen = new Map<string, number>();
  let newest = clock.now();
  /** Everything before this is regarded as seen. */
  let settled = Number.NEGATIVE_INFINITY;
  let isFirst = true;
  return {
    async look(signal) {
      const start = Math.max(Math.min(newest, clock.now()) - limits.overlapMs, settled);
      for (const [id, at] of seen) if (at < start) seen.delete(id);
      const page = await store.list(
        { filter: { ...filter, start }, order: 'desc', limit: limits.lookEvents },
        { signal },
      );
      const known = seen.size;
      const fresh = page.events.filter(({ id }) => !seen.has(id));
      for (const { id, timestamp } of fresh) {
        const at = Date.parse(timestamp);
        seen.set(id, at);
        newest = Math.max(newest, at);
      }
      const oldest = page.events.at(-1);
      if (page.next !== null && oldest !== undefined) settled = Date.parse(oldest.timestamp);
      if (isFirst) {
        isFirst = false;
        return { events: [], matched: 0 };
      }
      const matched = page.next === null ? fresh.length : Math.max(fresh.length, page.total - known);
      return { events: fresh.reverse(), matched };
    },
  };
}
