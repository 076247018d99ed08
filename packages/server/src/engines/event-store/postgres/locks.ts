/*
 * Locks that all processes on one database agree on, held until the end of the transaction that takes them. The key is
 * made from the schema too: installations may share a database by schemas.
 *
 * An append takes `appending` with all others. Retention takes it alone, so that no append adds to roll-ups while they are
 * counted anew. Nobody takes a second one of these while holding the first, but for retention, which takes `appending`
 * after `maintenance`.
 */
const key = (name: string): string => `hashtextextended('streamflow ${name} ' || current_schema(), 0)`;

export const appendingKey = key('appending');
export const lockAppending = `select pg_advisory_xact_lock(${appendingKey})`;
export const lockPartitions = `select pg_advisory_xact_lock(${key('partitions')})`;
export const tryMaintenance = `select pg_try_advisory_xact_lock(${key('maintenance')}) as taken`;
/** Held by a connection, since such an index cannot be built within a transaction. */
export const tryIndexing = `select pg_try_advisory_lock(${key('indexing')}) as taken`;
export const unlockIndexing = `select pg_advisory_unlock(${key('indexing')})`;
export const lockMaintenance = `select pg_advisory_xact_lock(${key('maintenance')})`;
