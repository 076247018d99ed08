import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import Database, { SqliteError } from 'better-sqlite3';
import { StreamFlowError } from '../domain/errors.ts';

export interface DataDirectoryLock {
  release(): void;
}

/**
 * Makes this process the only one that uses a data directory, until `release` or its death, however it dies.
 *
 * Node has no file locks, and a file with a pid outlives a crash. SQLite's exclusive lock is one of the kernel's
 * (fcntl), which the kernel frees with the process; the pid beside it is only for the message. Nothing else in the
 * process may open the lock file: closing any descriptor of it would free the lock.
 *
 * @throws StreamFlowError `Conflict`, naming the process, when another one has the directory; `details.pid` is its
 * process id where it is known.
 */
export function lockDataDirectory(directory: string): DataDirectoryLock {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const pidFile = join(directory, 'lock.pid');
  const database = new Database(join(directory, 'lock'), { timeout: 0 });
  try {
    database.pragma('journal_mode = MEMORY');
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    if (error instanceof SqliteError && error.code.startsWith('SQLITE_BUSY')) {
      throw alreadyUsed(resolve(directory), readPid(pidFile), error);
    }
    throw error;
  }
  writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 });
  return {
    release() {
      if (!database.open) return;
      rmSync(pidFile, { force: true });
      database.close();
    },
  };
}

function alreadyUsed(directory: string, pid: number | undefined, cause: unknown): StreamFlowError {
  const owner = pid === undefined ? 'another process' : `process ${pid}`;
  return new StreamFlowError(
    'Conflict',
    `The data directory ${directory} is in use by ${owner}. Stop it first, or set STREAMFLOW_DATA_DIR to another directory.`,
    { details: pid === undefined ? { directory } : { directory, pid }, cause },
  );
}

function readPid(path: string): number | undefined {
  let pid = Number.NaN;
  try {
    pid = Number.parseInt(readFileSync(path, 'utf8'), 10);
  } catch {
    // The owner may be between taking the lock and writing its pid.
  }
  return Number.isSafeInteger(pid) ? pid : undefined;
}
