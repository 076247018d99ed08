import type { Clock } from '../../../domain/clock.ts';
import type { Log } from '../../../domain/log.ts';
import type { Postgres, Statements } from '../../postgres/postgres.ts';
import { lockPartitions } from './locks.ts';
import {
  type Partition,
  type PartitionUnit,
  partitionOf,
  planPartition,
  timesAhead,
} from './partition-plan.ts';

export interface Partitions {
  /** Makes the partitions of these days (`YYYY-MM-DD`) that are not known to be there. */
  ensure(days: Iterable<string>): Promise<void>;
  /** Makes those that will be needed soon. */
  ensureAhead(): Promise<void>;
  /** Partitions were dropped: what is known does not hold any more. */
  forget(): void;
}

export interface PartitionsOptions {
  readonly postgres: Postgres;
  readonly unit: PartitionUnit;
  readonly clock: Clock;
  readonly log: Log;
}

export function createPartitions({ postgres, unit, clock, log }: PartitionsOptions): Partitions {
  const known = new Set<string>();

  async function make(times: readonly number[]): Promise<void> {
    const made: string[] = [];
    await postgres.transaction(async (statements) => {
      made.length = 0;
      await statements.query(lockPartitions);
      const present = await readPartitions(statements);
      for (const time of times) {
        if (present.some(({ from, to }) => from <= time && time < to)) continue;
        const partition = planPartition(time, present, unit, clock.now());
        await createPartition(statements, partition);
        present.push(partition);
        made.push(partition.name);
      }
    });
    for (const partition of made) log.info('Made a partition', { partition });
  }

  return {
    async ensure(days) {
      const unknown = new Map<string, number>();
      for (const day of days) {
        if (known.has(day)) continue;
        const time = Date.parse(day);
        // No day: a line that the engine will refuse, alone.
        if (!Number.isNaN(time)) unknown.set(day, time);
      }
      if (unknown.size === 0) return;
      await make([...unknown.values()]);
      for (const day of unknown.keys()) known.add(day);
    },
    ensureAhead: () => make(timesAhead(unit, clock.now())),
    forget: () => known.clear(),
  };
}

/** All partitions of the events, oldest first. */
export async function readPartitions(statements: Statements): Promise<Partition[]> {
  const { rows } = await statements.query(
    `select relname as name from pg_inherits join pg_class on pg_class.oid = inhrelid where inhparent = 'events'::regclass`,
  );
  return rows
    .flatMap(({ name }) => partitionOf(String(name)) ?? [])
    .sort((first, second) => first.from - second.from);
}

/**
 * Makes a table first and attaches it then: unlike `create table … partition of` that lets reads and inserts of other
 * partitions go on. The name holds letters and digits of a date alone.
 */
async function createPartition(statements: Statements, { name, from, to }: Partition): Promise<void> {
  await statements.query(
    `create table ${name} (like events including all);
     alter table events attach partition ${name} for values from (${boundSql(from)}) to (${boundSql(to)})`,
  );
}

function boundSql(time: number): string {
  if (time === Number.NEGATIVE_INFINITY) return 'minvalue';
  return time === Number.POSITIVE_INFINITY ? 'maxvalue' : `'${new Date(time).toISOString()}'`;
}
