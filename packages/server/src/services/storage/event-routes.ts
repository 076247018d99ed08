import type { AggregationResult, Pagination } from '@streamflow/contracts';
import { aggregateEvents, getStoredEvent, listEvents, uuidPattern } from '@streamflow/contracts';
import type { Clock } from '../../domain/clock.ts';
import { StreamFlowError, validationError } from '../../domain/errors.ts';
import { formatTimestamp } from '../../domain/events/timestamp.ts';
import type { AggregationQuery } from '../../domain/queries/event-query.ts';
import { createQueryReader } from '../../domain/queries/query-reader.ts';
import type { EventPage, EventStore, ReadOptions } from '../../engines/event-store/port.ts';
import type { MountedRoute } from '../../http/service.ts';
import { countReceivedRoute } from './count-received-route.ts';
import { formatEventCursor } from './event-cursor.ts';
import { lookUpRoute } from './look-up-route.ts';
import { parseAggregationQuery, refuseLongSeries } from './parse-aggregation-query.ts';
import type { ListRequest } from './parse-event-query.ts';
import { parseListQuery } from './parse-event-query.ts';

export interface EventRoutesOptions {
  readonly events: Pick<EventStore, 'get' | 'receipts' | 'countReceived' | 'find' | 'list' | 'aggregate'>;
  readonly clock: Clock;
}

/** The queries over stored events that are answered in one piece. */
export function eventRoutes({ events, clock }: EventRoutesOptions): readonly MountedRoute[] {
  return [
    {
      contract: listEvents,
      async handle({ query, principal, signal }) {
        const request = parseListQuery(query, principal.project);
        const page = await events.list(request.query, { signal });
        return { data: page.events, pagination: paginationOf(request, page) };
      },
    },
    {
      contract: aggregateEvents,
      async handle({ query, principal, signal }): Promise<AggregationResult> {
        const request = parseAggregationQuery(query, principal.project);
        await refuseLongOpenSeries(events, request, { signal });
        const result = await events.aggregate(request, { signal });
        const { start, end } = request.filter;
        const period = {
          start: start === undefined ? null : formatTimestamp(start),
          end: end === undefined ? null : formatTimestamp(end),
        };
        return { ...result, period };
      },
    },
    lookUpRoute({ events, clock }),
    countReceivedRoute({ events, clock }),
    {
      contract: getStoredEvent,
      async handle({ params, principal }) {
        const id = eventIdOf(params);
        const event = await events.get(principal.project, id);
        if (event === null) throw new StreamFlowError('NotFound', `There is no event ${id}`);
        return {
          success: true,
          message: 'Event retrieved successfully',
          data: event,
          timestamp: formatTimestamp(clock.now()),
        };
      },
    },
  ];
}

function paginationOf({ query, page }: ListRequest, { total, next }: EventPage): Pagination {
  const { filter, order, limit } = query;
  return {
    page,
    page_size: limit,
    total,
    pages: Math.ceil(total / limit),
    has_next: next !== null,
    has_prev: page > 1,
    next_cursor: next === null ? null : formatEventCursor({ order, page: page + 1, after: next }, filter),
  };
}

/** A series whose time is open on a side reaches to the first or last event there, which is looked up. */
async function refuseLongOpenSeries(
  events: EventRoutesOptions['events'],
  query: AggregationQuery,
  options: ReadOptions,
): Promise<void> {
  const { filter, interval, groupBy, limit } = query;
  if (typeof interval !== 'number' || (filter.start !== undefined && filter.end !== undefined)) return;
  const [first, last] = await Promise.all([
    filter.start ?? firstTime(events, query, 'asc', options),
    filter.end === undefined ? firstTime(events, query, 'desc', options) : filter.end - 1,
  ]);
  if (first === null || last === null) return;
  const reader = createQueryReader({});
  refuseLongSeries(reader, { interval, first, last, groupBy, limit });
  reader.finish();
}

async function firstTime(
  events: EventRoutesOptions['events'],
  { filter }: AggregationQuery,
  order: 'asc' | 'desc',
  options: ReadOptions,
): Promise<number | null> {
  const page = await events.list({ filter, order, limit: 1 }, options);
  const [event] = page.events;
  return event === undefined ? null : Date.parse(event.timestamp);
}

const uuid = new RegExp(uuidPattern);

/** Ids are kept in lower case and found in either. */
function eventIdOf(params: unknown): string {
  const id = typeof params === 'object' && params !== null ? Reflect.get(params, 'event_id') : undefined;
  if (typeof id === 'string' && uuid.test(id)) return id.toLowerCase();
  throw validationError([{ field: 'event_id', message: 'event_id must be a UUID' }]);
}
