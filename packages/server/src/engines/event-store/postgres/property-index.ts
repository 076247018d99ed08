import type { Log } from '../../../domain/log.ts';
import type { Postgres, Statements } from '../../postgres/postgres.ts';
import { lockPartitions, tryIndexing, unlockIndexing } from './locks.ts';
import { partitionOf } from './partition-plan.ts';

const buildTimeoutMs = 24 * 3_600_000;
const method = 'using gin (properties jsonb_path_ops)';

/** Partitions without the index or with one that was not finished. */
const missing = `
select part.relname as partition, built.relname as unfinished
from pg_inherits join pg_class as part on part.oid = inhrelid
left join (pg_index join pg_class as built on built.oid = indexrelid)
  on indrelid = part.oid and built.relname = part.relname || '_properties'
where inhparent = 'events'::regclass and not exists (
  select from pg_index as present join pg_inherits as attached on attached.inhrelid = present.indexrelid
  where present.indrelid = part.oid and present.indisvalid and attached.inhparent = 'events_properties'::regclass
) order by part.relname`;

/**
 * Makes the index of properties, a partition at a time and without holding up appends, in one process at a time. New
 * partitions have it from the beginning. What was interrupted is done again at the next start.
 */
export async function ensurePropertyIndex(postgres: Postgres, log: Log): Promise<void> {
  await postgres.transaction(async ({ query }) => {
    await query(lockPartitions);
    await query(`create index if not exists events_properties on only events ${method}`);
  });
  await postgres.session(
    async (session) => {
      const { rows } = await session.query(tryIndexing);
      if (rows[0]?.taken !== true) return;
      try {
        for (const row of (await session.query(missing)).rows) await buildFor(session, row, log);
      } finally {
        await session.query(unlockIndexing);
      }
    },
    { timeoutMs: buildTimeoutMs },
  );
}

/** The name of a partition holds letters and digits of a date alone. */
async function buildFor(
  { query }: Statements,
  row: Readonly<Record<string, unknown>>,
  log: Log,
): Promise<void> {
  const partition = partitionOf(String(row.partition));
  if (partition === null) return;
  const index = `${partition.name}_properties`;
  if (row.unfinished !== null) await query(`drop index concurrently ${index}`);
  await query(`create index concurrently ${index} on ${partition.name} ${method}`);
  await query(`alter index events_properties attach partition ${index}`);
  log.info('Built the index of properties', { partition: partition.name });
}
