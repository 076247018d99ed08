import type { Event } from '@streamflow/contracts';
import type { Postgres, Row } from '../../postgres/postgres.ts';
import { readEventRow } from '../event-row.ts';
import type { ReceivedQuery } from '../port.ts';
import { eventColumns, millisecondsSql } from './event-row.ts';

/** When each of the ids that are stored was received. */
export async function readReceipts(
  postgres: Postgres,
  project: string,
  ids: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await rowsOfIds(postgres, receipt, project, ids);
  return new Map(rows.map((row) => [String(row.event_id), Number(row.received)]));
}

export async function countReceived(postgres: Postgres, query: ReceivedQuery): Promise<number> {
  const { project, first, last, from, to } = query;
  const { rows } = await postgres.query(
    `select count(*)::int as received from events where project = $1 and id between $2 and $3
      and received_at between to_timestamp($4 / 1000.0) and to_timestamp($5 / 1000.0)`,
    [project, first, last, from, to],
  );
  return Number(rows[0]?.received ?? 0);
}

/** Those of the ids that are stored, whole. */
export async function findEvents(
  postgres: Postgres,
  project: string,
  ids: readonly string[],
): Promise<readonly Event[]> {
  return (await rowsOfIds(postgres, eventColumns, project, ids)).map(readEventRow);
}

const receipt = `id::text as event_id, ${millisecondsSql('received_at')} as received`;

/** By the ids of the horizon, which know the time and so the partition; what is older is looked for in every one. */
async function rowsOfIds(
  postgres: Postgres,
  columns: string,
  project: string,
  ids: readonly string[],
): Promise<readonly Row[]> {
  if (ids.length === 0) return [];
  const { rows: recent } = await postgres.query(
    `select ${columns} from events where (project, timestamp, id) in ` +
      '(select project, timestamp, id from event_ids where project = $1 and id = any($2::uuid[]))',
    [project, ids],
  );
  if (recent.length === ids.length) return recent;
  const found = new Set(recent.map(({ event_id: id }) => id));
  const { rows: older } = await postgres.query(
    `select ${columns} from events where project = $1 and id = any($2::uuid[])`,
    [project, ids.filter((id) => !found.has(id))],
  );
  return [...recent, ...older];
}
