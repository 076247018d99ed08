import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../domain/clock.ts';
import type { Log } from '../../../domain/log.ts';
import { systemTimers, type Timers } from '../../../domain/timers.ts';
import { migrate } from '../../postgres/migrate.ts';
import type { Postgres } from '../../postgres/postgres.ts';
import type { EventStore } from '../port.ts';
import { aggregateEvents } from './aggregate.ts';
import { createAppend } from './append.ts';
import { auditEvents } from './audit.ts';
import { readHistory } from './history.ts';
import { exportEvents, getEvent, listEvents } from './list.ts';
import { countReceived, findEvents, readReceipts } from './look-up.ts';
import { createMaintenance } from './maintenance.ts';
import { migrations } from './migrations.sql.ts';
import type { PartitionUnit } from './partition-plan.ts';
import { createPartitions } from './partitions.ts';
import { ensurePropertyIndex } from './property-index.ts';
import { removeEvents, settleRemoval } from './retention.ts';

export interface PostgresEventStoreOptions {
  /** Stays open when the store is closed: the records may use it too. */
  readonly postgres: Postgres;
  readonly clock: Clock;
  readonly log: Log;
  readonly timers?: Timers;
  /** What a partition of recent events holds; a month unless given. */
  readonly partitionBy?: PartitionUnit;
  /**
   * Keeps an index by which events are found by any property of `data`; false unless given. Building it for events that
   * are there takes a while, and is done without holding up anything.
   */
  readonly indexProperties?: boolean;
  /** Days for which an id is unique in its project whatever the timestamp; 7 unless given. */
  readonly idHorizonDays?: number;
}

export interface PostgresEventStore extends EventStore {
  /** Puts roll-ups, partitions and ids in order, as happens by itself every ten seconds. */
  maintain(): Promise<void>;
}

const dayMs = 86_400_000;

/** The event store on PostgreSQL; makes and migrates its tables. Any number of processes may open one database. */
export async function openPostgresEventStore(
  options: PostgresEventStoreOptions,
): Promise<PostgresEventStore> {
  const { postgres, clock, log, timers = systemTimers, partitionBy = 'month', idHorizonDays = 7 } = options;
  await migrate({ postgres, store: 'events', migrations, log });
  const partitions = createPartitions({ postgres, unit: partitionBy, clock, log });
  await partitions.ensureAhead();
  await warnOfLoss(postgres, log);
  if (options.indexProperties === true) await ensurePropertyIndex(postgres, log);
  const maintenance = createMaintenance({
    postgres,
    partitions,
    clock,
    timers,
    log,
    horizonMs: idHorizonDays * dayMs,
  });
  return {
    append: createAppend({ postgres, partitions, clock, log }),
    get: (project, id) => getEvent(postgres, project, id),
    receipts: (project, ids) => readReceipts(postgres, project, ids),
    countReceived: (query) => countReceived(postgres, query),
    find: (project, ids) => findEvents(postgres, project, ids),
    list: (query, readOptions = {}) => listEvents(postgres, query, readOptions),
    aggregate: (query, readOptions = {}) => aggregateEvents(postgres, query, readOptions),
    history: (query, readOptions = {}) => readHistory(postgres, query, readOptions),
    export: (query, readOptions = {}) => exportEvents(postgres, query, readOptions),
    audit: (query, readOptions = {}) => auditEvents(postgres, query, readOptions),
    ping: () => postgres.ping(),
    maintain: () => maintenance.run(),
    remove: (retention, books, { signal } = {}) =>
      removeEvents(
        { postgres, log, newId: randomUUID, onDropped: () => partitions.forget() },
        retention,
        books,
        signal,
      ),
    settle: (name) => settleRemoval(postgres, name),
    close: () => maintenance.stop(),
  };
}

/** A server that is told to lose what it has confirmed keeps no promise of ours. */
async function warnOfLoss(postgres: Postgres, log: Log): Promise<void> {
  const { rows } = await postgres.query(
    `select name from pg_settings where name in ('fsync', 'synchronous_commit') and setting = 'off'`,
  );
  for (const { name } of rows)
    log.warning('PostgreSQL is set to lose confirmed events when it crashes', { setting: `${name} = off` });
}
