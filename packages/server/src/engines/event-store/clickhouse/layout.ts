import type { ClickHouseSettings } from '@clickhouse/client';

/** What differs in the SQL and the settings between a server by itself, or the embedded engine, and a cluster. */
export interface Layout {
  /** Stands behind the name of what a statement makes. */
  readonly onCluster: string;
  readonly replicated: boolean;
  /** What runs now, on whichever replica. */
  readonly processes: string;
  /** What is to be done to the rows of tables, and what is done of it, on each replica. */
  readonly mutations: string;
  /** Settings of every table: an insert is on disk when it returns, and a repeated block is known by its token. */
  readonly durable: string;
  /** For inserts. */
  readonly insertSettings: ClickHouseSettings;
  /** For reads. */
  readonly readSettings: ClickHouseSettings;
  /** For statements that make or change tables. */
  readonly schemaSettings: ClickHouseSettings;
  /** For statements that remove rows. */
  readonly removalSettings: ClickHouseSettings;
}

const flushed = 'fsync_after_insert = 1, fsync_part_directory = 1';
/** Blocks whose tokens are known; half an hour of the largest blocks, some minutes of small ones. */
const knownBlocks = 1000;
/** Seconds in which the replicas of a cluster must make or change a table. */
const schemaTimeout = 60;
/** Milliseconds in which most replicas must have an insert; less than an insert may take as a whole. */
const quorumTimeout = 20_000;

const alone: Layout = {
  onCluster: '',
  replicated: false,
  processes: 'system.processes',
  mutations: 'system.mutations',
  durable: `${flushed}, non_replicated_deduplication_window = ${knownBlocks}`,
  insertSettings: {},
  readSettings: {},
  schemaSettings: {},
  // Whoever removes waits for it by looking, and appends go on meanwhile.
  removalSettings: { lightweight_deletes_sync: '0', alter_sync: '1' },
};

/**
 * Tables on all replicas of a cluster. An insert returns when most replicas have it, and a read is answered by a replica
 * that has all of those: an acknowledged event is not lost with a server, and is seen by every read that starts
 * afterwards, the look-up of known ids before all. Such inserts go one after the other, which those of one writer do
 * anyway.
 */
const clustered = (name: string): Layout => ({
  onCluster: ` ON CLUSTER '${name}'`,
  replicated: true,
  processes: `clusterAllReplicas('${name}', system.processes)`,
  mutations: `clusterAllReplicas('${name}', system.mutations)`,
  // Tokens are remembered by time, too; a week is what they are remembered for everywhere else.
  durable: `${flushed}, replicated_deduplication_window = ${knownBlocks}, replicated_deduplication_window_seconds = 604800`,
  insertSettings: {
    insert_quorum: 'auto',
    insert_quorum_parallel: 0,
    insert_quorum_timeout: quorumTimeout,
  },
  readSettings: { select_sequential_consistency: '1' },
  schemaSettings: {
    distributed_ddl_task_timeout: String(schemaTimeout),
    distributed_ddl_output_mode: 'throw',
  },
  // A replica that is behind may not even know of it: all of them are waited for.
  removalSettings: { lightweight_deletes_sync: '2', alter_sync: '2' },
});

/** @param cluster as `ClickHouseConnection` has it. */
export function layoutOf(cluster: string | null): Layout {
  if (cluster === null) return alone;
  if (!/^[A-Za-z_][\w.-]*$/.test(cluster)) {
    throw new TypeError(`Not the name of a cluster: ${JSON.stringify(cluster)}`);
  }
  return clustered(cluster);
}

/**
 * The engine clause of a table. The path names the table and not its UUID, so that a replica that is added later finds
 * the others; `{shard}` and `{replica}` are macros of each server's configuration.
 */
export const tableEngine = (layout: Layout): string =>
  layout.replicated
    ? "ENGINE = ReplicatedMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}')"
    : 'ENGINE = MergeTree';
