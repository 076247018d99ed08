/** A row as the driver gives it: `bigint` and `numeric` as texts unless the statement casts them. */
export type Row = Readonly<Record<string, unknown>>;

export interface Result {
  readonly rows: readonly Row[];
  /** Rows that the statement gave, inserted, updated or deleted. */
  readonly count: number;
}

export interface StatementOptions {
  /** Ends the statement, in the server too. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that the statement may take, in place of the pool's timeout. */
  readonly timeoutMs?: number;
}

/**
 * Runs statements. Values are given apart from the SQL, which refers to them as `$1`, `$2` and so on. Without values, several
 * statements may stand in one text, separated by semicolons; they give no rows.
 */
export interface Statements {
  query(sql: string, values?: readonly unknown[]): Promise<Result>;
}

/** A connection that is kept for several statements outside of a transaction. */
export interface Session extends Statements {
  /** Commits when the work resolves and rolls back when it rejects. */
  transaction<T>(work: (statements: Statements) => Promise<T>): Promise<T>;
}

/**
 * A pool of connections to one database, shared by all that a process keeps there.
 *
 * Rejects with `ServiceUnavailable` when the server is away, out of something, or slower than the timeout, and with the
 * driver's `DatabaseError` when it refuses a statement. Nothing waits longer than `timeoutMs` and some seconds, also on
 * a link that died silently. A connection that fails is thrown away; the next call opens a new one.
 */
export interface Postgres {
  query(sql: string, values?: readonly unknown[], options?: StatementOptions): Promise<Result>;
  /**
   * Runs the work in one transaction (read committed). After a deadlock or a serialization failure it runs again, up to
   * three times: it must not have effects outside of the transaction.
   */
  transaction<T>(work: (statements: Statements) => Promise<T>, options?: StatementOptions): Promise<T>;
  /** Keeps one connection for the work. */
  session<T>(work: (session: Session) => Promise<T>, options?: StatementOptions): Promise<T>;
  /** How many connections there are, and how many callers wait for one. */
  connections(): { readonly busy: number; readonly idle: number; readonly waiting: number };
  /** One trip to the server and back. */
  ping(): Promise<void>;
  /** Waits for what is under way, and closes all connections. */
  close(): Promise<void>;
}
