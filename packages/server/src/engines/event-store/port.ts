import type { AggregationResult, Event } from '@streamflow/contracts';
import type {
  AggregationQuery,
  EventFilter,
  EventListQuery,
  EventPosition,
} from '../../domain/queries/event-query.ts';
import type { Retention } from '../../domain/retention/retention.ts';
import type { Intervals } from '../../domain/time/intervals.ts';

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
  /** Each of the duplicates, in the order of the block. */
  readonly twins: readonly Twin[];
}

/** A line that is a duplicate, and when what is stored in its place was received. */
export interface Twin {
  /** Which line of the block it is, from 0. */
  readonly line: number;
  /** When the line was received (its `received_at`), milliseconds since the epoch. */
  readonly receivedAt: number;
  /**
   * When the event that is stored with this id, before or by this block, or was and is removed, was received. The same as
   * `receivedAt` when the line is that very event, delivered again.
   */
  readonly storedReceivedAt: number;
}

/** A block that no part of the engine can take: not its neighbours' fault, and not worth trying again as it is. */
export class UnstorableBlockError extends Error {}

/** Events whose id lies from `first` to `last`, in lower case and in the order of texts, received from `from` to `to`. */
export interface ReceivedQuery {
  readonly project: string;
  readonly first: string;
  readonly last: string;
  /** Milliseconds since the epoch; both ends of both ranges are included. */
  readonly from: number;
  readonly to: number;
}

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
  readonly interval: Intervals;
  /** What is asked for beside events and errors; users unless given. */
  readonly measures?: readonly HistoryMeasure[];
}

/** `response_time_quantiles` cost more than the sum and the count of `response_time`. */
export type HistoryMeasure = 'users' | 'sessions' | 'response_time' | 'response_time_quantiles';

/** What happened in one interval that has events. */
export interface HistoryPoint {
  /** Start of the interval, milliseconds since the epoch. */
  readonly timestamp: number;
  readonly events: number;
  /** Events of type `error`, and `api.response` with a status of 500 or above. */
  readonly errors: number;
  /** Exact; with the measure `users`. */
  readonly uniqueUsers?: number;
  /** Exact; with the measure `sessions`. */
  readonly uniqueSessions?: number;
  /** Of the events that have one, as domain/metrics says; seconds. With the measure `response_time`. */
  readonly responseTime?: { readonly count: number; readonly sum: number };
  /** Seconds, null without values. With the measure `response_time_quantiles`. */
  readonly responseTimeQuantiles?: {
    readonly p50: number | null;
    readonly p95: number | null;
    readonly p99: number | null;
  };
}

/** Whole minutes of receipt of one project; `from` is included and `to` is not, milliseconds since the epoch. */
export interface AuditQuery {
  readonly project: string;
  readonly from: number;
  readonly to: number;
}

/** What the store has of one minute of receipt. */
export interface AuditedMinute {
  /** Start of the minute, milliseconds since the epoch. */
  readonly minute: number;
  /** Rows of events, each row counted. */
  readonly stored: number;
  /** Lines that were set aside; the same line twice, which takes a redelivery, is one. */
  readonly setAside: number;
}

export interface RollUpMismatch {
  /** For a person: which roll-up, and which of its rows. */
  readonly rollUp: string;
  readonly kept: number;
  readonly recounted: number;
}

export interface EventAudit {
  /** Minutes that have anything, oldest first. */
  readonly minutes: readonly AuditedMinute[];
  /**
   * Ids of events received in the range that are stored more than once, wherever the other row is, against the promise of
   * identity: all of them counted, and the first of them.
   */
  readonly repeatedIds: { readonly count: number; readonly examples: readonly string[] };
  /**
   * Null when the engine keeps no roll-ups. Else those of every interval of event time that events received in the range
   * fall into, compared with a recount from the raw rows: how many rows of roll-ups or of the recount there were, how
   * many of them differ or are on one side alone, and the first of these.
   */
  readonly rollUps: {
    readonly compared: number;
    readonly mismatches: number;
    readonly examples: readonly RollUpMismatch[];
  } | null;
}

/** So many repeated ids and mismatches are given as examples at most. */
export const auditExamples = 20;

/** Events that are removed together, all of them or none. */
export interface Removal {
  /** No other removal ever has it; letters, digits and `. _ -`, at most 200 of them. */
  readonly name: string;
  readonly lines: readonly {
    readonly project: string;
    /** Start of the minute of receipt, milliseconds since the epoch. */
    readonly minute: number;
    readonly count: number;
  }[];
}

/** Where removals are accounted for: told before and after each, which go one after the other. */
export interface RemovalBooks {
  /** Nothing of it is removed before this resolves, and nothing at all when it rejects. */
  begin(removal: Removal): Promise<void>;
  /** It is removed, for good. */
  end(name: string): Promise<void>;
  /** Nothing of it is removed, nor will be: events came meanwhile, or readers did not let go. */
  cancel(name: string): Promise<void>;
}

export interface RetentionResult {
  /** Events that were removed. */
  readonly events: number;
  /** Partitions that were dropped whole. */
  readonly partitions: readonly string[];
}

/**
 * Every event, until retention removes it.
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
 * - **Retention.** `remove` takes events away by their timestamp, whole days in UTC, for all projects, with what roll-ups
 *   say of them: no read that starts after it has resolved sees any of them, and all others are as they were. Appends go
 *   on beside it, and what they store is either counted by a removal or stays. An id stays known for the horizon from
 *   its receipt: sent again meanwhile it is a duplicate of the event that is gone, and stores nothing. After that it is
 *   new. When `remove` rejects, or the process dies, one removal may have begun and not ended: `settle` says what became
 *   of it. The engine's maintenance, and not `remove`, may give its disk space back.
 * - **Audit.** `audit` counts rows, not what some index or roll-up says of them, and is bounded like every read, though
 *   a long range may be read in several queries.
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
  /** How many events are stored of a range of ids and a time of receipt: cheap where the range holds few others. */
  countReceived(query: ReceivedQuery): Promise<number>;
  /** Those of the ids that are stored, whole, in no order; at most some thousand at a time. Ids are in lower case. */
  find(project: string, ids: readonly string[]): Promise<readonly Event[]>;
  list(query: EventListQuery, options?: ReadOptions): Promise<EventPage>;
  aggregate(query: AggregationQuery, options?: ReadOptions): Promise<AggregationResult>;
  /** Several measures by interval, oldest first, without the empty ones, in one pass. */
  history(query: HistoryQuery, options?: ReadOptions): Promise<readonly HistoryPoint[]>;
  /** Streams events in constant memory, some hundred at a time. */
  export(
    query: { filter: EventFilter; order: 'asc' | 'desc'; limit?: number },
    options?: ReadOptions,
  ): AsyncIterable<readonly Event[]>;
  /** What is stored by minute of receipt, and whether ids are unique and roll-ups right. */
  audit(query: AuditQuery, options?: ReadOptions): Promise<EventAudit>;
  /**
   * Removes events that are older than they are to be kept, a part at a time, each entered in the books before. Rejects
   * soon when the signal fires; a part that is at work by then may go on, and is to be settled. Where one process at a time may append, it rejects in the others with
   * `ServiceUnavailable`.
   */
  remove(retention: Retention, books: RemovalBooks, options?: ReadOptions): Promise<RetentionResult>;
  /**
   * Whether a removal that was begun, here or by a process that died, is done, once that is certain; when it is not, it
   * never will be. To be asked before anything else is removed.
   */
  settle(name: string, options?: ReadOptions): Promise<boolean>;
  ping(): Promise<void>;
  close(): Promise<void>;
}
