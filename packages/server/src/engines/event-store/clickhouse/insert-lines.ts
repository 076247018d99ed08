import { createHash } from 'node:crypto';
import type { ClickHouseSettings } from '@clickhouse/client';
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

/**
 * Exceptions of ClickHouse that blame the rows and not the moment: CANNOT_PARSE_TEXT, CANNOT_PARSE_ESCAPE_SEQUENCE,
 * CANNOT_PARSE_QUOTED_STRING, CANNOT_PARSE_INPUT_ASSERTION_FAILED, CANNOT_READ_ALL_DATA, ATTEMPT_TO_READ_AFTER_EOF,
 * CANNOT_PARSE_DATE, CANNOT_PARSE_DATETIME, TYPE_MISMATCH, VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE, CANNOT_PARSE_NUMBER,
 * INCORRECT_DATA, CANNOT_READ_ARRAY_FROM_TEXT, TOO_LARGE_STRING_SIZE, CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN, CANNOT_PARSE_UUID,
 * CANNOT_PARSE_BOOL, VIOLATED_CONSTRAINT, and what a value may do to a derived column.
 */
const rowFaults = new Set([
  6, 25, 26, 27, 32, 33, 38, 41, 53, 69, 70, 72, 117, 130, 131, 190, 321, 349, 376, 407, 441, 467, 469, 675,
]);

export function blamesRows(error: unknown): error is StatementError {
  return error instanceof StatementError && rowFaults.has(error.code);
}
