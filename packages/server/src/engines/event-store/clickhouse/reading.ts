import type { ClickHouseSettings } from '@clickhouse/client';
import type { EventFilter } from '../../../domain/queries/event-query.ts';
import { filterSql } from './filter-sql.ts';
import { SqlParameters } from './sql-parameters.ts';
import type { Statements } from './statements.ts';

/** How a query reads properties. */
export interface Reading {
  /** Whether columns may stand in for the text. */
  readonly promoted: boolean;
  readonly settings: ClickHouseSettings;
}

const fast: Reading = { promoted: true, settings: {} };
/**
 * The fast JSON reader refuses integers beyond 64 bits and with them the whole text, so that columns made by it are
 * wrong too; the other reader takes them, at about half the speed.
 */
const thorough: Reading = { promoted: false, settings: { allow_simdjson: 0 } };

/** Chooses how to read: thoroughly where any event that the filter could meet needs it. */
export async function readingOf(
  statements: Statements,
  filter: EventFilter,
  readsProperties: boolean,
  signal: AbortSignal | undefined,
): Promise<Reading> {
  if (!readsProperties) return fast;
  const { properties: _, ...rest } = filter;
  const parameters = new SqlParameters();
  const sql = `SELECT 1 FROM events WHERE simple = 0 AND ${filterSql(rest, parameters, fast)} LIMIT 1`;
  const rows = await statements.rows(sql, parameters.values, { signal });
  return rows.length === 0 ? fast : thorough;
}
