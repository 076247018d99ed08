import type { Postgres, Statements } from '../../postgres/postgres.ts';
import type { ReadOptions } from '../port.ts';

/** Reads in one snapshot, so that the statements of one answer agree with each other while events are stored. */
export function inSnapshot<T>(
  postgres: Postgres,
  options: ReadOptions,
  work: (statements: Statements) => Promise<T>,
): Promise<T> {
  return postgres.transaction(async (statements) => {
    await statements.query('set transaction isolation level repeatable read, read only');
    return work(statements);
  }, options);
}
