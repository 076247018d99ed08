import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../../domain/clock.ts';
import { unavailable } from '../../../domain/errors.ts';
import type { Log } from '../../../domain/log.ts';
import { isRolledBack, isUniqueViolation, portError } from '../../postgres/failures.ts';
import { migrate } from '../../postgres/migrate.ts';
import type { Postgres, Statements } from '../../postgres/postgres.ts';
import type { RecordStore, RecordTransaction } from '../port.ts';
import type { Execute, RecordMigration } from '../sql/dialect.ts';
import { recordMigrations } from '../sql/migrations.ts';
import { createReading } from '../sql/reading.ts';
import { openScope } from '../sql/transaction-scope.ts';
import { createWriting } from '../sql/writing.ts';
import { postgresDialect, postgresSchema } from './dialect.ts';

export interface PostgresRecordStoreOptions {
  /** Closed by whoever opened it, after the store. */
  readonly postgres: Postgres;
  readonly log: Log;
  readonly clock: Clock;
  /** From 0 up to 1; spreads the tries of transactions that got into each other's way. */
  readonly random: () => number;
  /** How long such a transaction is tried again, milliseconds; 5,000 unless given. */
  readonly patienceMs?: number;
  /** Those of this version unless given. */
  readonly migrations?: readonly RecordMigration[];
}

const longestPauseMs = 100;

/** Carries what a transaction was undone for past the driver, which takes unknown errors for its own. */
class Undone extends Error {
  readonly reason: unknown;

  constructor(reason: unknown) {
    super('The transaction is undone');
    this.reason = reason;
  }
}

/**
 * Records in PostgreSQL, shared by any number of processes. Transactions are serialisable: PostgreSQL undoes one of
 * those that get into each other's way, and it is run again.
 */
export async function openPostgresRecordStore(options: PostgresRecordStoreOptions): Promise<RecordStore> {
  const { postgres, log, clock, random, patienceMs = 5000 } = options;
  await migrate({
    postgres,
    store: 'records',
    log,
    migrations: (options.migrations ?? recordMigrations).map(({ version, name, sql }) => ({
      version,
      name,
      sql: sql(postgresSchema),
    })),
  });
  const underWay = new Set<Promise<unknown>>();
  let closed = false;

  const during = <R>(work: () => Promise<R>): Promise<R> => {
    if (closed) return Promise.reject(unavailable('The records are closed'));
    const running = work();
    underWay.add(running);
    const end = (): void => {
      underWay.delete(running);
    };
    running.then(end, end);
    return running;
  };

  const executeOn =
    ({ query }: Statements): Execute =>
    async ({ sql, values }) => {
      try {
        return (await query(sql, values)).rows;
      } catch (error) {
        throw portError(error);
      }
    };
  const committed = createReading(postgresDialect, executeOn(postgres));

  const runOnce = async <R>(work: (transaction: RecordTransaction) => Promise<R>): Promise<R> => {
    const run = async (statements: Statements): Promise<R> => {
      await statements.query('set transaction isolation level serializable');
      const execute = executeOn(statements);
      const reading = createReading(postgresDialect, execute);
      const writing = createWriting({ dialect: postgresDialect, execute, reading, clock });
      const scope = openScope(reading, writing);
      try {
        const value = await work(scope.transaction);
        await scope.end();
        scope.throwFailure();
        return value;
      } catch (error) {
        await scope.end();
        throw new Undone(scope.failure === null ? error : scope.failure.error);
      }
    };
    const outcome = await postgres.session(async (session) => {
      try {
        return { value: await session.transaction(run) };
      } catch (error) {
        // Rolled back, so that the connection is as good as before.
        if (error instanceof Undone) return { undone: error.reason };
        throw error;
      }
    });
    if ('undone' in outcome) throw outcome.undone;
    return outcome.value;
  };

  /**
   * Transactions of this process that got into somebody's way: they go one after the other, so that each has only
   * those of other processes against it.
   */
  let again: Promise<unknown> = Promise.resolve();
  const inTurn = <R>(work: () => Promise<R>): Promise<R> => {
    const turn = again.then(work);
    again = turn.catch(() => undefined);
    return turn;
  };

  /**
   * A unique key that was free when it was looked at, and is taken when it is written, was taken by a transaction in
   * between: the next look finds it.
   */
  const isInTheWay = (error: unknown): boolean => isRolledBack(error) || isUniqueViolation(error);

  const repeat = async <R>(work: (transaction: RecordTransaction) => Promise<R>): Promise<R> => {
    const deadline = performance.now() + patienceMs;
    for (let pauseMs = 2; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      try {
        return await runOnce(work);
      } catch (error) {
        if (!isInTheWay(error)) throw error;
        if (performance.now() >= deadline)
          throw unavailable('Others write the same records without a pause', 1, error);
        await sleep(pauseMs * random());
      }
    }
  };

  const transaction = async <R>(work: (transaction: RecordTransaction) => Promise<R>): Promise<R> => {
    try {
      return await runOnce(work);
    } catch (error) {
      if (!isInTheWay(error)) throw error;
      return inTurn(() => repeat(work));
    }
  };

  return {
    get: (kind, ref) => during(() => committed.get(kind, ref)),
    find: (kind, key) => during(() => committed.find(kind, key)),
    list: (kind, query) => during(() => committed.list(kind, query)),
    count: (kind, filter) => during(() => committed.count(kind, filter)),
    insert: (kind, record) => during(() => transaction((tx) => tx.insert(kind, record))),
    update: (kind, ref, changes, how) =>
      during(() => transaction((tx) => tx.update(kind, ref, changes, how))),
    delete: (kind, ref, how) => during(() => transaction((tx) => tx.delete(kind, ref, how))),
    transaction: (work) => during(() => transaction(work)),
    ping: () =>
      during(async () => {
        const { rows } = await postgres.query("select current_setting('transaction_read_only') as state");
        if (rows[0]?.state !== 'off') throw unavailable('PostgreSQL is read-only');
      }),
    async close() {
      closed = true;
      await Promise.allSettled(underWay);
    },
  };
}
