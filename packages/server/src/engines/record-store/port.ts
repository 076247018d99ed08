import type { FieldName, RecordBase, RecordKind, Stored } from '../../domain/records/record-kind.ts';

export interface RecordRef {
  readonly project: string;
  readonly id: string;
}

export interface RecordFilter<T> {
  readonly project: string;
  /** Values of fields among the kind's `filters`; records that have them all. */
  readonly where?: Readonly<Partial<T>>;
  /** Values of a field among the kind's `orders`, from `from` up to and without `to`. */
  readonly range?: {
    readonly field: 'created_at' | FieldName<T>;
    readonly from?: string | number | undefined;
    readonly to?: string | number | undefined;
  };
}

/** Where a list is read on: the ordering field's value and the id of the last record that was seen. */
export interface RecordPosition {
  readonly value: string | number;
  readonly id: string;
}

export interface RecordQuery<T> extends RecordFilter<T> {
  /** `created_at` unless given. Records of equal value are ordered by id. */
  readonly orderBy?: 'created_at' | FieldName<T>;
  /** Ascending unless given. */
  readonly direction?: 'asc' | 'desc';
  readonly limit: number;
  /** Reads on after this position; stable while records come and go. */
  readonly after?: RecordPosition;
  /** Leaves out so many records first, for pages by number. */
  readonly skip?: number;
}

export interface RecordPage<T> {
  readonly records: readonly Stored<T>[];
  /** Where to read on; null at the end. */
  readonly next: RecordPosition | null;
}

/** The fields of a record to be made. Version and times are the store's. */
export type NewRecord<T> = RecordRef & Readonly<T>;

export interface WriteOptions {
  /** Only when the record has this version; `Conflict` otherwise. */
  readonly version?: number;
}

export interface RecordReader {
  get<T>(kind: RecordKind<T>, ref: RecordRef): Promise<Stored<T> | null>;
  /** The record with these values; their fields are one of the kind's `unique` sets. */
  find<T>(kind: RecordKind<T>, key: Readonly<Partial<T & RecordBase>>): Promise<Stored<T> | null>;
  list<T>(kind: RecordKind<T>, query: RecordQuery<T>): Promise<RecordPage<T>>;
  count<T>(kind: RecordKind<T>, filter: RecordFilter<T>): Promise<number>;
}

export interface RecordTransaction extends RecordReader {
  /** `Conflict`, with the fields in `details.fields`, when the id or a unique set of values is taken. */
  insert<T>(kind: RecordKind<T>, record: NewRecord<T>): Promise<Stored<T>>;
  /** Changes the fields given. `NotFound` without the record; `Conflict` as for `insert` and by version. */
  update<T>(
    kind: RecordKind<T>,
    ref: RecordRef,
    changes: Readonly<Partial<T>>,
    options?: WriteOptions,
  ): Promise<Stored<T>>;
  /** False when there is no such record. */
  delete<T>(kind: RecordKind<T>, ref: RecordRef, options?: WriteOptions): Promise<boolean>;
}

/**
 * Small documents: users, keys, settings, rules, alerts.
 *
 * - **Acknowledgement.** A write resolves when it is durable.
 * - **Concurrency.** Any number of processes open the same store. Transactions are serialisable: what comes of them is
 *   what would come of one after the other. A read outside a transaction sees what was committed when it started.
 * - **Versions.** Each update raises the version by one, but for writes of `unversioned` fields alone.
 * - **Away or full.** `ServiceUnavailable`; nothing was written. So also when the store is held by others for longer than
 *   its patience. When a server goes away over a commit it may have been done; versions and unique keys tell.
 * - **Shapes.** What is not of the kind's shape is refused before it is written, and never returned.
 */
export interface RecordStore extends RecordTransaction {
  /**
   * Runs `work` as one transaction: all of its writes, or none when it rejects. `work` uses nothing but the transaction
   * that it is given, and only until it returns; the engine may run it again from the start, and others wait meanwhile.
   * After an operation of it was rejected the transaction can only fail, with that error.
   */
  transaction<R>(work: (transaction: RecordTransaction) => Promise<R>): Promise<R>;
  /** Resolves when the store can be read and written; rejects with the reason when not. */
  ping(): Promise<void>;
  /** Waits for what is under way and closes. */
  close(): Promise<void>;
}
