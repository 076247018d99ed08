import { DatabaseError } from 'pg';
import { StreamFlowError, unavailable } from '../../domain/errors.ts';

/** The SQLSTATE of a statement that PostgreSQL refused; null for anything else, also when it is wrapped. */
export function sqlStateOf(error: unknown): string | null {
  const cause = error instanceof StreamFlowError ? error.cause : error;
  return cause instanceof DatabaseError ? (cause.code ?? null) : null;
}

/**
 * Classes and codes of SQLSTATE that say that the server, and not the statement, is in the way:
 * 08 connection, 25006 read-only (a standby), 28 authorization, 3D000 no such database, 40 rolled back (serialization, deadlock),
 * 53 out of disk, memory or connections, 55P03 lock not available, 57 cancelled or shut down, 58 system error, XX001 and XX002
 * damaged data.
 */
const passing = ['08', '25006', '28', '3D000', '40', '53', '55P03', '57', '58', 'XX001', 'XX002'];

/** Serialization failures and deadlocks: the same transaction may well succeed now. */
export function isRolledBack(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === '40001' || state === '40P01';
}

/** `unique_violation` */
export function isUniqueViolation(error: unknown): boolean {
  return sqlStateOf(error) === '23505';
}

/**
 * What a port says, in place of the driver's own error: `ServiceUnavailable` when the server is away or does not do what
 * is asked now. A refused statement stays the driver's `DatabaseError`, and a mistake of the program what it is. All
 * else that the driver rejects with is about the connection, mostly without any code.
 */
export function portError(error: unknown): Error {
  if (error instanceof StreamFlowError) return error;
  if (error instanceof DatabaseError) {
    const { code = '' } = error;
    return passing.some((beginning) => code.startsWith(beginning))
      ? unavailable(`PostgreSQL does not do it now: ${error.message}`, 1, error)
      : error;
  }
  if (error instanceof TypeError || error instanceof RangeError) return error;
  return unavailable(
    `PostgreSQL is away: ${error instanceof Error ? error.message : String(error)}`,
    1,
    error,
  );
}
