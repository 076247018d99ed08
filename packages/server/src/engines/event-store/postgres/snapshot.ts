import type { EventFilter } from '../../../domain/queries/event-query.ts';
import type { Postgres, Statements } from '../../postgres/postgres.ts';
import type { ReadOptions } from '../port.ts';

/**
 * With the usual 4 MB of memory, groups whose number cannot be estimated, as those of a property, are sorted on disk instead
 * of being counted in a table.
 */
const snapshot = `set transaction isolation level repeatable read, read only; set local work_mem = '64MB'`;
/**
 * What a filter of pages leaves out cannot be estimated, so that PostgreSQL would rather read everything: it is told to
 * use the index where one is about users, sessions or correlations, and not to start processes for what is left. Where
 * many pages remain it reads them all the same.
 */
const preferIndexes = `${snapshot}; set local enable_seqscan = off; set local max_parallel_workers_per_gather = 0`;

/** Reads in one snapshot, so that the statements of one answer agree with each other while events are stored. */
export function inSnapshot<T>(
  postgres: Postgres,
  filter: EventFilter,
  options: ReadOptions,
  work: (statements: Statements) => Promise<T>,
): Promise<T> {
  const named = filter.userIds ?? filter.sessionIds ?? filter.correlationIds;
  return postgres.transaction(async (statements) => {
    await statements.query(named === undefined ? snapshot : preferIndexes);
    return work(statements);
  }, options);
}
