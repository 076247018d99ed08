import type {
  AggregationMetric,
  AggregationResult,
  CountReceivedResult,
  Event,
  EventLookUpResult,
  eventFilterProperties,
  GroupableField,
  Pagination,
  Severity,
} from '@streamflow/contracts';
import { StreamFlowApiError } from './api-error.ts';
import type { HttpBodyReader } from './http-types.ts';
import { readBytes, readNdjson } from './ndjson.ts';
import type { Query, QueryValue } from './query-string.ts';
import { jsonBody, type Transport } from './transport.ts';

/** A property of `data`: `data.page`, `data.items.0.price`, `data."id.orig_h"`. */
export type DataPath = `data.${string}`;

type FieldFilterName = Exclude<keyof typeof eventFilterProperties, 'start' | 'end' | 'severity'>;

/** Which events: every condition must hold, the values of a list are alternatives. */
export type EventFilter = {
  /** Earliest event time, inclusive. */
  readonly start?: string | Date | undefined;
  /** Latest event time, exclusive. */
  readonly end?: string | Date | undefined;
  readonly severity?: Severity | readonly Severity[] | undefined;
} & { readonly [name in FieldFilterName]?: string | readonly string[] | undefined } & {
  readonly [path: DataPath]: QueryValue | readonly QueryValue[] | undefined;
};

export type EventOrder = 'desc' | 'asc';

/** `order`: by event time, newest first unless given. `limit`: events a page, at most 1,000; 100. */
export type ListQuery = EventFilter & {
  readonly order?: EventOrder | undefined;
  readonly limit?: number | undefined;
  readonly page?: number | undefined;
  /** `next_cursor` of the page before, instead of `page`: stable however deep. */
  readonly cursor?: string | undefined;
};

export type AggregateQuery = EventFilter & {
  /** `count` unless given. */
  readonly metric?: AggregationMetric | undefined;
  /** Whose numeric values are aggregated; for all metrics but `count` and `unique_users`. */
  readonly field?: DataPath | undefined;
  /** One or two. */
  readonly group_by?: GroupableField | DataPath | readonly (GroupableField | DataPath)[] | undefined;
  /** Adds a series with one point an interval: `30s`, `5m`, `1h`, `1d`. */
  readonly interval?: string | undefined;
  /** The largest groups that are kept, at most 1,000; 100. */
  readonly limit?: number | undefined;
};

/** `limit`: at most so many events; all unless given. */
export type ExportQuery = EventFilter & {
  readonly order?: EventOrder | undefined;
  readonly limit?: number | undefined;
};

export type DownloadQuery = ExportQuery & {
  /** `ndjson` unless given. */
  readonly format?: 'ndjson' | 'csv' | undefined;
};

export interface EventPage {
  readonly data: readonly Event[];
  readonly pagination: Pagination;
}

export interface ReadOptions {
  /** Ends the request. */
  readonly signal?: AbortSignal | undefined;
}

export interface CountReceivedQuery {
  readonly first: string;
  readonly last: string;
  readonly receivedFrom: Date;
  readonly receivedTo: Date;
}

export interface LookUpOptions extends ReadOptions {
  readonly events?: boolean | undefined;
}

/** Reading events. Every method throws {@link StreamFlowApiError}. */
export interface EventsApi {
  list(query?: ListQuery, options?: ReadOptions): Promise<EventPage>;
  get(id: string, options?: ReadOptions): Promise<Event>;
  /**
   * Which of the ids are stored, and since when: at most 20,000 at a time, 1,000 with `events`, which returns the events
   * too.
   */
  lookUp(ids: readonly string[], options?: LookUpOptions): Promise<EventLookUpResult['found']>;
  /** How many events are stored of a range of ids and a time of receipt, ends included. */
  countReceived(query: CountReceivedQuery, options?: ReadOptions): Promise<number>;
  aggregate(query?: AggregateQuery, options?: ReadOptions): Promise<AggregationResult>;
  /** Every event that fits, streamed by one request. */
  export(query?: ExportQuery, options?: ReadOptions): AsyncIterableIterator<Event>;
  /** The same as a file: its bytes, as they come. */
  download(query?: DownloadQuery, options?: ReadOptions): AsyncIterableIterator<Uint8Array>;
  /** Every event that fits, page by page along the cursor: for readers that take their time. `limit` is a page's. */
  each(query?: Omit<ListQuery, 'page'>, options?: ReadOptions): AsyncIterableIterator<Event>;
}

export function createEventsApi(transport: Transport): EventsApi {
  const get = <T>(path: string, query: Query, { signal }: ReadOptions): Promise<T> =>
    transport.exchange<T>('storage', 'GET', path, { query, signal });

  async function* exported<T>(
    query: DownloadQuery,
    { signal }: ReadOptions,
    read: (reader: HttpBodyReader) => AsyncGenerator<T, void, undefined>,
  ): AsyncGenerator<T, void, undefined> {
    const response = await transport.open('storage', 'GET', '/events/export', { query, signal });
    const reader = response.body?.getReader();
    if (reader === undefined) return;
    const end = (): void => void reader.cancel();
    signal?.addEventListener('abort', end, { once: true });
    try {
      yield* read(reader);
      signal?.throwIfAborted();
    } catch (cause) {
      if (signal?.aborted === true) throw signal.reason;
      throw new StreamFlowApiError({
        code: 'ConnectionFailed',
        status: response.status,
        message: 'The export ended before its end',
        correlationId: response.headers.get('x-correlation-id') ?? undefined,
        cause,
      });
    } finally {
      signal?.removeEventListener('abort', end);
    }
  }

  const list = (query: ListQuery = {}, options: ReadOptions = {}): Promise<EventPage> =>
    get('/events', query, options);

  return {
    list,
    async get(id, options = {}) {
      const answer = await get<{ data: Event }>(`/events/${encodeURIComponent(id)}`, {}, options);
      return answer.data;
    },
    async lookUp(ids, { signal, events } = {}) {
      const answer = await transport.exchange<{ data: EventLookUpResult }>(
        'storage',
        'POST',
        '/events/lookup',
        {
          signal,
          body: jsonBody({ ids, ...(events === undefined ? {} : { events }) }),
        },
      );
      return answer.data.found;
    },
    async countReceived({ first, last, receivedFrom, receivedTo }, options = {}) {
      const query = {
        first,
        last,
        received_from: receivedFrom.toISOString(),
        received_to: receivedTo.toISOString(),
      };
      const answer = await get<{ data: CountReceivedResult }>('/events/lookup/count', query, options);
      return answer.data.received;
    },
    aggregate: (query = {}, options = {}) => get('/events/aggregations', query, options),
    export: (query = {}, options = {}) =>
      exported({ ...query, format: 'ndjson' }, options, (reader) => readNdjson<Event>(reader)),
    download: (query = {}, options = {}) => exported(query, options, readBytes),
    async *each(query = {}, options = {}) {
      let cursor = query.cursor;
      do {
        const page: EventPage = await list(cursor === undefined ? query : { ...query, cursor }, options);
        yield* page.data;
        cursor = page.pagination.next_cursor ?? undefined;
      } while (cursor !== undefined);
    },
  };
}
