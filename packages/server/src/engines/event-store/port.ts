import type { AggregationResult, Event } from '@streamflow/contracts';
import type {
  AggregationQuery,
  EventFilter,
  EventListQuery,
  EventPosition,
} from '../../domain/queries/event-query.ts';

/** Lines to store together. */
export interface EventBlock {
  /** Event lines (contracts, event-line), each ended by a line feed; of any projects and types. */
  readonly lines: Buffer;
  readonly count: number;
  /** Whether any of the ids may be stored already: chosen by a client, or delivered before. */
  readonly mayBeKnown: boolean;
}

/** What became of a block; `stored + duplicates + setAside` is its count. */
export interface AppendResult {
  readonly stored: number;
  /** Those of the stored whose values no column could take: kept as text, and read from it. */
  readonly textOnly: number;
  /** Lines that cannot become events: kept as they are for a person to look at, and in no answer. */
  readonly setAside: number;
  /** Lines whose id is stored already or stands earlier in the block; the first one written stays. */
  readonly duplicates: number;
  /** Those of the duplicates whose timestamp or content differs from what is stored. */
  readonly conflicts: number;
}

/** A block that no part of the engine can take: not its neighbours' fault, and not worth trying again as it is. */
export class UnstorableBlockError extends Error {}

export interface EventPage {
  readonly events: readonly Event[];
  /** All events that fit the filter, whatever the page. */
  readonly total: number;
  /** Where to read on (`after`); null at the end. */
  readonly next: EventPosition | null;
}

export interface ReadOptions {
  /** Ends the query, in the engine too. */
  readonly signal?: AbortSignal;
}

export interface HistoryQuery {
  readonly filter: EventFilter;
  /** Milliseconds; intervals are aligned to the epoch. */
  readonly interval: number;
}

/** What happened in one interval that has events. */
export interface HistoryPoint {
  /** Start of the interval, milliseconds since the epoch. */
  readonly timestamp: number;
  readonly events: number;
  /** Exact. */
  readonly uniqueUsers: number;
  /** Events of type `error`, and `api.response` with a status of 500 or above. */
  readonly errors: number;
}

/**
 * Every event, for ever.
 *
 * - **Acknowledgement.** `append` resolves when the rows are durable and visible to every read that starts afterwards.
 * - **Identity.** An event's id is unique by (project, id, timestamp) for ever and by (project, id) for the horizon of
 *   the configuration; the first one written wins. Appending a block again stores nothing and says `duplicates`, also
 *   after a crash at any moment of the first try.
 * - **All or nothing.** A rejected `append` may be repeated as it is. It rejects with `UnstorableBlockError` when
 *   repeating is of no use, and with `ServiceUnavailable` when the engine is away.
 * - **What went in comes out.** `data` and `metadata` are returned as the same JSON values.
 * - **One writer.** Appends of one process are executed one after the other. Where an engine lets a single process append
 *   at a time, `append` of the others rejects with `ServiceUnavailable`, and `awaitTurn` is there to wait by.
 * - **Reads** are bounded in time and memory; past the bound they reject with `ServiceUnavailable`. Filters and
 *   aggregations mean what `domain/queries` says, the same on every engine. Quantiles are exact or have a relative
 *   error of at most 1 %; counts and unique users are exact.
 */
export interface EventStore {
  append(block: EventBlock): Promise<AppendResult>;
  /**
   * Resolves when this process may append, with a signal that fires when it may no longer; rejects when the given signal
   * fires first. Absent where any number of processes append side by side.
   */
  awaitTurn?(signal: AbortSignal): Promise<AbortSignal>;
  get(project: string, id: string): Promise<Event | null>;
  /**
   * When each of the ids that are stored was received, milliseconds since the epoch: cheap for tens of thousands of ids
   * at a time. Ids are in lower case; those that are not stored are left out.
   */
  receipts(project: string, ids: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Those of the ids that are stored, whole, in no order; at most some thousand at a time. Ids are in lower case. */
  find(project: string, ids: readonly string[]): Promise<readonly Event[]>;
  list(query: EventListQuery, options?: ReadOptions): Promise<EventPage>;
  aggregate(query: AggregationQuery, options?: ReadOptions): Promise<AggregationResult>;
  /** Events, users and errors by interval, oldest first, without the empty ones: three aggregations in one pass. */
  history(query: HistoryQuery, options?: ReadOptions): Promise<readonly HistoryPoint[]>;
  /** Streams events in constant memory, some hundred at a time. */
  export(
    query: { filter: EventFilter; order: 'asc' | 'desc'; limit?: number },
    options?: ReadOptions,
  ): AsyncIterable<readonly Event[]>;
  ping(): Promise<void>;
  close(): Promise<void>;
}
