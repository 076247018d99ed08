import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { unavailable } from '../../../domain/errors.ts';

const { SqliteError } = Database;

/** Codes, and beginnings of extended codes, that say that the disk or the file does not do what is asked. */
const awayCodes = ['SQLITE_FULL', 'SQLITE_IOERR', 'SQLITE_READONLY', 'SQLITE_CANTOPEN', 'SQLITE_NOMEM'];

const isBusy = (error: unknown): boolean =>
  error instanceof SqliteError && (error.code.startsWith('SQLITE_BUSY') || error.code === 'SQLITE_LOCKED');

/** What the port says about an engine that is away or full, in place of SQLite's own error. */
export function portError(error: unknown): unknown {
  if (!(error instanceof SqliteError)) return error;
  const { code } = error;
  return awayCodes.some((away) => code.startsWith(away))
    ? unavailable('The records cannot be reached', 1, error)
    : error;
}

/**
 * Tries again while another process holds the database. SQLite's own busy timeout would wait inside the call and stop
 * the whole process, event loop and all, and with it the other handle of this process that it may be waiting for.
 * @param patienceMs how long to try before `ServiceUnavailable`
 */
export async function whenFree<R>(patienceMs: number, work: () => R | Promise<R>): Promise<R> {
  const deadline = performance.now() + patienceMs;
  for (let wait = 1; ; wait = Math.min(wait * 2, 25)) {
    try {
      return await work();
    } catch (error) {
      if (!isBusy(error)) throw portError(error);
      if (performance.now() >= deadline)
        throw unavailable('The records are held by another process', 1, error);
      await sleep(wait);
    }
  }
}
