import type { Event } from '@streamflow/contracts';
import type {
  EventFilter,
  EventListQuery,
  EventOrder,
  EventPosition,
} from '../../domain/queries/event-query.ts';
import type { EventPage } from './port.ts';

/* Pages of events, the same for every engine. */

/** Events of a filter in an order, from an offset or behind a position. */
export interface Slice {
  readonly filter: EventFilter;
  readonly order: EventOrder;
  readonly limit: number;
  readonly offset?: number | undefined;
  readonly after?: EventPosition | undefined;
}

const positionOf = (event: Event): EventPosition => ({
  timestamp: Date.parse(event.timestamp),
  id: event.id,
});

/** The slice of a page: one more than asked for tells whether there is a next one. */
export const sliceOfPage = (query: EventListQuery): Slice => ({ ...query, limit: query.limit + 1 });

/** The page of what {@link sliceOfPage} found. */
export function pageOf({ limit }: EventListQuery, total: number, found: readonly Event[]): EventPage {
  const events = found.slice(0, limit);
  const last = events.at(-1);
  return { events, total, next: found.length > limit && last !== undefined ? positionOf(last) : null };
}

// Pages are small while the size of the events is unknown, and as large as some megabytes allow afterwards.
const firstPage = 200;
const largestPage = 5000;
const pageBytes = 4 * 1024 * 1024;

/**
 * Pages by position instead of one long query: a consumer may take its time without holding a connection and a
 * transaction, and memory is bounded by the page.
 */
export async function* exportBySlices(
  {
    filter,
    order,
    limit = Number.POSITIVE_INFINITY,
  }: { filter: EventFilter; order: EventOrder; limit?: number },
  readSlice: (slice: Slice) => Promise<readonly Event[]>,
): AsyncGenerator<readonly Event[]> {
  let left = limit;
  let size = firstPage;
  let after: EventPosition | undefined;
  while (left > 0) {
    const wanted = Math.min(size, left);
    const events = await readSlice({ filter, order, limit: wanted, after });
    const last = events.at(-1);
    if (last === undefined) return;
    yield events;
    if (events.length < wanted) return;
    left -= events.length;
    after = positionOf(last);
    const averageBytes = JSON.stringify(events).length / events.length;
    size = Math.max(1, Math.min(largestPage, Math.floor(pageBytes / averageBytes)));
  }
}
