import { closeSync, openSync } from 'node:fs';
import Database from 'better-sqlite3';
import type { Clock } from '../../../domain/clock.ts';
import { unavailable } from '../../../domain/errors.ts';
import type { Log } from '../../../domain/log.ts';
import type { RecordStore, RecordTransaction } from '../port.ts';
import { createReading } from '../sql/reading.ts';
import { openScope } from '../sql/transaction-scope.ts';
import { createWriting } from '../sql/writing.ts';
import { sqliteDialect } from './dialect.ts';
import { createExecute } from './execute.ts';
import { portError, whenFree } from './failures.ts';
import { migrate, migrations } from './migrate.ts';
import type { Migration } from './migration.ts';

export interface SqliteRecordStoreOptions {
  /** The database; made with mode 0600 when there is none. Its directory must exist, on a local disk. */
  readonly file: string;
  readonly log: Log;
  readonly clock: Clock;
  /** How long to wait for other processes that hold the database, milliseconds; 5,000 unless given. */
  readonly patienceMs?: number;
  /** Those of this version unless given. */
  readonly migrations?: readonly Migration[];
}

/**
 * Records in one SQLite file. One connection writes, a transaction at a time; another reads what is committed, so that
 * reads neither wait for a transaction of this process nor see into it.
 */
export async function openSqliteRecordStore(options: SqliteRecordStoreOptions): Promise<RecordStore> {
  const { file, log, clock, patienceMs = 5000 } = options;
  // The file holds password hashes; SQLite gives its log and index files the mode of the database.
  closeSync(openSync(file, 'a', 0o600));
  const writer = new Database(file, { timeout: 0 });
  try {
    await whenFree(patienceMs, () => writer.pragma('journal_mode = WAL'));
    writer.pragma('synchronous = FULL');
    writer.pragma('foreign_keys = ON');
    const { from, to } = await whenFree(patienceMs, () =>
      writer.transaction(() => migrate(writer, options.migrations ?? migrations)).immediate(),
    );
    if (from !== to) log.info('Records migrated', { file, from, to });
    const reader = new Database(file, { timeout: 0, readonly: true });
    return connect(writer, reader, clock, patienceMs);
  } catch (error) {
    writer.close();
    throw error;
  }
}

function connect(
  writer: Database.Database,
  reader: Database.Database,
  clock: Clock,
  patienceMs: number,
): RecordStore {
  const committed = createReading(sqliteDialect, createExecute(reader));
  const execute = createExecute(writer);
  const reading = createReading(sqliteDialect, execute);
  const writing = createWriting({ dialect: sqliteDialect, execute, reading, clock });
  let last: Promise<unknown> = Promise.resolve();
  let closed = false;

  const read = <R>(work: () => R | Promise<R>): Promise<R> => {
    if (closed) return Promise.reject(closedError());
    return whenFree(patienceMs, work);
  };

  /** Transactions of this process wait for each other in order; for those of others by `whenFree`. */
  const transaction = <R>(work: (transaction: RecordTransaction) => Promise<R>): Promise<R> => {
    if (closed) return Promise.reject(closedError());
    const result = last.then(async () => {
      await whenFree(patienceMs, () => writer.exec('begin immediate'));
      const scope = openScope(reading, writing);
      try {
        const value = await work(scope.transaction);
        await scope.end();
        scope.throwFailure();
        writer.exec('commit');
        return value;
      } catch (error) {
        await scope.end();
        // SQLite itself has rolled back after some failures of the disk.
        if (writer.inTransaction) writer.exec('rollback');
        throw portError(error);
      }
    });
    last = result.catch(() => undefined);
    return result;
  };

  return {
    get: (kind, ref) => read(() => committed.get(kind, ref)),
    find: (kind, key) => read(() => committed.find(kind, key)),
    list: (kind, query) => read(() => committed.list(kind, query)),
    count: (kind, filter) => read(() => committed.count(kind, filter)),
    insert: (kind, record) => transaction((tx) => tx.insert(kind, record)),
    update: (kind, ref, changes, how) => transaction((tx) => tx.update(kind, ref, changes, how)),
    delete: (kind, ref, how) => transaction((tx) => tx.delete(kind, ref, how)),
    transaction,
    async ping() {
      await read(() => reader.prepare('select version from schema_version').get());
      await transaction(async () => undefined);
    },
    async close() {
      closed = true;
      await last;
      reader.close();
      writer.close();
    },
  };
}

const closedError = () => unavailable('The records are closed');
