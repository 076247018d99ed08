import type { Event } from '@streamflow/contracts';
import { eventColumns, readEventRow } from './event-row.ts';
import { rowsWithIds } from './id-list-sql.ts';
import { rowsOfIds } from './known-ids.ts';
import type { Statements } from './statements.ts';

/** When each of the ids that are stored was received. */
export async function readReceipts(
  statements: Statements,
  project: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const columns = 'project, toString(id) AS known, toUnixTimestamp64Milli(received_at) AS received';
  const wanted = new Set(ids);
  const receipts = new Map<string, number>();
  for (const row of await rowsOfIds(statements, columns, ids)) {
    const id = String(row.known);
    if (row.project === project && wanted.has(id)) receipts.set(id, Number(row.received));
  }
  return receipts;
}

/** Those of the ids that are stored, whole. */
export async function findEvents(
  statements: Statements,
  project: string,
  ids: readonly string[],
): Promise<readonly Event[]> {
  const rows = await rowsWithIds(statements, `project, ${eventColumns}`, ids);
  return rows.filter((row) => row.project === project).map(readEventRow);
}
