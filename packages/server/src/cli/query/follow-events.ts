import type { EventFilter, EventPage, EventsApi } from '@streamflow/client';
import type { Event } from '@streamflow/contracts';
import type { Clock } from '../../domain/clock.ts';

/*
 * Events are read in the order of their time, again and again from a little before the newest one seen, because an
 * event that happened earlier may arrive later. What was seen within that overlap is remembered by id and passed over.
 * The newest time that counts is never later than our clock: one event from a clock that runs ahead must not hide the
 * others.
 */

export interface FollowOptions {
  readonly events: Pick<EventsApi, 'list'>;
  readonly clock: Clock;
  /** Which events; without `start` and `end`. */
  readonly filter: EventFilter;
  /** Events to show from before now. */
  readonly backlog: number;
  /** Milliseconds by which an event may arrive later than one that happened after it. */
  readonly overlapMs: number;
  /** Milliseconds between looks, when the one before found the end. */
  readonly intervalMs: number;
  readonly signal: AbortSignal;
  /** Resolves after the time, or when the signal is aborted. */
  sleep(milliseconds: number): Promise<void>;
}

const pageSize = 1000;

/** Events as they become visible, some at a time, oldest first, each once. Ends when the signal is aborted. */
export async function* followEvents(
  options: FollowOptions,
): AsyncGenerator<readonly Event[], void, undefined> {
  const { events, clock, filter, overlapMs, signal } = options;
  /** Times (milliseconds) of the events in the overlap, by id. */
  const seen = new Map<string, number>();
  let newest = clock.now();

  const unseen = (found: readonly Event[]): readonly Event[] => {
    const fresh = found.filter(({ id }) => !seen.has(id));
    for (const { id, timestamp } of fresh) {
      const at = Date.parse(timestamp);
      seen.set(id, at);
      newest = Math.max(newest, at);
    }
    return fresh;
  };

  const from = (): number => Math.min(newest, clock.now()) - overlapMs;

  /** Everything that is there now from the beginning of the overlap on. */
  async function* look(): AsyncGenerator<readonly Event[], void, undefined> {
    const start = new Date(from());
    let cursor: string | undefined;
    do {
      const query = { ...filter, start, end: undefined, order: 'asc' as const, limit: pageSize, cursor };
      const page: EventPage = await events.list(query, { signal });
      yield unseen(page.data);
      cursor = page.pagination.next_cursor ?? undefined;
    } while (cursor !== undefined && !signal.aborted);
  }

  // What had happened before and is not in the backlog is history, not news.
  const page =
    options.backlog > 0 ? await events.list({ ...filter, limit: options.backlog }, { signal }) : undefined;
  for await (const history of look()) void history;
  if (page !== undefined) {
    unseen(page.data);
    yield [...page.data].reverse();
  }
  while (!signal.aborted) {
    for await (const fresh of look()) if (fresh.length > 0) yield fresh;
    for (const [id, at] of seen) if (at < from()) seen.delete(id);
    await options.sleep(options.intervalMs);
  }
}
