import pg from 'pg';
import { unavailable } from '../../domain/errors.ts';
import type { Log } from '../../domain/log.ts';
import { createConnections } from './connections.ts';
import { isRolledBack, portError } from './failures.ts';
import type { Postgres, Result, Session, StatementOptions, Statements } from './postgres.ts';

export interface PostgresOptions {
  /** `postgresql://user:password@host:port/database?sslmode=…` */
  readonly url: string;
  /** Connections that stay open once they are (`database.pool_size`). */
  readonly poolSize: number;
  /** Further connections under load, closed again after 30 s without use (`database.max_overflow`). */
  readonly maxOverflow: number;
  /** Shown in `pg_stat_activity`. */
  readonly applicationName: string;
  /** Logs every statement, without its values, at DEBUG (`database.echo`). */
  readonly echo: boolean;
  readonly log: Log;
  /** Milliseconds that a statement may take; 30,000 unless given. */
  readonly statementTimeoutMs?: number;
  /** Milliseconds to wait for a connection, be it a new one or one in use; 5,000 unless given. */
  readonly connectTimeoutMs?: number;
}

const pingTimeoutMs = 5000;
/** What the server may take beyond the timeout of a statement until its answer is not waited for any more. */
const graceMs = 3000;
const mostTries = 4;

/** Opens a pool; connections are made when they are needed, so that this never fails because the server is away. */
export function openPostgres(options: PostgresOptions): Postgres {
  const { echo, log, statementTimeoutMs = 30_000 } = options;
  const connections = createConnections({ ...options, statementTimeoutMs });

  /** Runs a statement on a connection; never settles later than the timeout and some seconds. */
  async function run(
    client: pg.PoolClient,
    sql: string,
    values: readonly unknown[],
    timeoutMs: number,
  ): Promise<Result> {
    const startedAt = performance.now();
    const silent = setTimeout(() => client.connection.stream.destroy(), timeoutMs + graceMs);
    try {
      const result = await client.query<Record<string, unknown>>(sql, [...values]);
      // COMMIT of a transaction in which a statement failed is answered with ROLLBACK, and is no error.
      if (sql === 'commit' && result.command !== 'COMMIT')
        throw new TypeError('A transaction went on after one of its statements had failed');
      // Several statements at once give a list of results instead.
      return { rows: result.rows ?? [], count: result.rowCount ?? 0 };
    } finally {
      clearTimeout(silent);
      if (echo) {
        const ms = Math.round((performance.now() - startedAt) * 10) / 10;
        log.debug('Statement', { sql, values: values.length, ms });
      }
    }
  }

  async function session<T>(
    work: (session: Session) => Promise<T>,
    { signal, timeoutMs = statementTimeoutMs }: StatementOptions = {},
  ): Promise<T> {
    signal?.throwIfAborted();
    const client = await connections.take();
    const query = (sql: string, values: readonly unknown[] = []): Promise<Result> =>
      run(client, sql, values, timeoutMs);
    let cancelled: Promise<void> | null = null;
    const onAbort = (): void => {
      cancelled = connections.cancel(client);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    const ownTimeout = timeoutMs !== statementTimeoutMs;
    let sound = false;
    try {
      if (ownTimeout) await query(`set statement_timeout = ${Math.trunc(timeoutMs)}`);
      signal?.throwIfAborted();
      const result = await work({ query, transaction: (inner) => inTransaction(query, inner) });
      if (ownTimeout) await query(`set statement_timeout = ${Math.trunc(statementTimeoutMs)}`);
      sound = true;
      return result;
    } catch (error) {
      signal?.throwIfAborted();
      // A refused statement leaves a sound connection, unless something of this session is still on it.
      sound = error instanceof pg.DatabaseError && !ownTimeout && client.getTransactionStatus() === 'I';
      throw portError(error);
    } finally {
      signal?.removeEventListener('abort', onAbort);
      if (cancelled !== null) await cancelled;
      connections.giveBack(client, sound && cancelled === null);
    }
  }

  async function transaction<T>(
    work: (statements: Statements) => Promise<T>,
    statementOptions: StatementOptions = {},
  ): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await session((opened) => opened.transaction(work), statementOptions);
      } catch (error) {
        if (tries === mostTries || !isRolledBack(error)) throw error;
      }
    }
  }

  async function ping(): Promise<void> {
    const client = await connections.take();
    let sound = false;
    try {
      await run(client, 'select 1', [], pingTimeoutMs - graceMs);
      sound = true;
    } catch (error) {
      throw portError(error);
    } finally {
      connections.giveBack(client, sound);
    }
  }

  return {
    query: (sql, values, statementOptions) =>
      session((opened) => opened.query(sql, values), statementOptions),
    transaction,
    session,
    connections: () => connections.usage(),
    ping,
    close: () => connections.close(),
  };
}

async function inTransaction<T>(
  query: Statements['query'],
  work: (statements: Statements) => Promise<T>,
): Promise<T> {
  await query('begin');
  try {
    const result = await work({ query });
    await query('commit');
    return result;
  } catch (error) {
    try {
      await query('rollback');
    } catch (failure) {
      throw unavailable('The connection to PostgreSQL failed within a transaction', 1, failure);
    }
    throw error;
  }
}
