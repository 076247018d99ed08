import type { Event } from '@streamflow/contracts';
import { readEventRow } from '../event-row.ts';
import type { ReceivedQuery } from '../port.ts';
import { eventColumns } from './event-row.ts';
import { rowsWithIds, unrepeated } from './id-list-sql.ts';
import { idRangeSql, rowsOfIds } from './known-ids.ts';
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

export async function countReceived(statements: Statements, query: ReceivedQuery): Promise<number> {
  const { project, first, last, from, to } = query;
  const [row] = await statements.rows(
    `SELECT count() AS received FROM events WHERE ${idRangeSql} AND project = {project:String}
      AND received_at BETWEEN fromUnixTimestamp64Milli({from:Int64}) AND fromUnixTimestamp64Milli({to:Int64})`,
    { project, first, last, from, to },
    { settings: unrepeated },
  );
  return Number(row?.received ?? 0);
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
