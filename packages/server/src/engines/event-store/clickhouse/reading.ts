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
 * wrong too; the other reader takes them. The cache of conditions does not know which reader it was that found nothing.
 */
const thorough: Reading = { promoted: false, settings: { allow_simdjson: 0, use_query_condition_cache: 0 } };

/**
 * Reads fast, and thoroughly where any event that the filter could meet needs it. Since almost none does, the fast
 * answer is under way while that is found out.
 */
export async function read<T>(
  statements: Statements,
  filter: EventFilter,
  readsProperties: boolean,
  signal: AbortSignal | undefined,
  ask: (reading: Reading) => Promise<T>,
): Promise<T> {
  if (!readsProperties) return ask(fast);
  const [needed, answer] = await Promise.all([needsThoroughness(statements, filter, signal), ask(fast)]);
  return needed ? ask(thorough) : answer;
}

async function needsThoroughness(
  statements: Statements,
  filter: EventFilter,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { properties: _, ...rest } = filter;
  const parameters = new SqlParameters();
  const sql = `SELECT 1 FROM events WHERE simple = 0 AND ${filterSql(rest, parameters, fast)} LIMIT 1`;
  const rows = await statements.rows(sql, parameters.values, { signal });
  return rows.length > 0;
}
