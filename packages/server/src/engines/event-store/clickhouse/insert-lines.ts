import { createHash } from 'node:crypto';
import type { ClickHouseSettings } from '@clickhouse/client';
import { rowFaults } from './exception-codes.ts';
import { StatementError, type Statements } from './statements.ts';

const insertSettings: ClickHouseSettings = {
  async_insert: 0,
  // One thread is as fast as several on blocks of this size, and leaves the other cores alone.
  max_threads: 1,
  max_insert_threads: '1',
  input_format_parallel_parsing: 0,
  // `data` and `metadata` are objects in the line and texts in the table.
  input_format_json_read_objects_as_strings: 1,
  input_format_skip_unknown_fields: 0,
  date_time_input_format: 'best_effort',
  // The table bounds them.
  max_partitions_per_insert_block: '0',
  insert_deduplicate: 1,
};

export const insertEvents = 'INSERT INTO events FORMAT JSONEachRow';

/**
 * Inserts lines as one block; the same bytes again store nothing, also when it is unknown whether the first try did.
 *
 * @param identity what tells a repetition, when it is not all of the bytes.
 */
export async function insertLines(
  statements: Statements,
  sql: string,
  lines: Buffer,
  identity: Buffer = lines,
): Promise<void> {
  const token = createHash('sha1').update(identity).digest('hex');
  await statements.insert(sql, lines, { ...insertSettings, insert_deduplication_token: token });
}

export function blamesRows(error: unknown): error is StatementError {
  return error instanceof StatementError && rowFaults.has(error.code);
}
