import type { Cluster } from './cluster.ts';
import type { Load } from './load.ts';

/** What the services and the broker say of themselves: that the faults had consequences at all. */
export interface Evidence {
  /** Batches that storage was given which may have been delivered before. */
  readonly redelivered: number;
  /** Messages that the broker says it delivered once more. */
  readonly brokerRedelivered: number;
  /** Connections that were made anew by who had one before. */
  readonly reconnected: number;
  /** Events that storage had already. */
  readonly suppressed: number;
}

/** A process opens one connection to the broker that publishes and one that consumes. */
const connectionsOfStart = 2;

export function readEvidence(cluster: Cluster, load: Load): Evidence {
  const starts = cluster.replicas.reduce((sum, { starts: times }) => sum + times, 0);
  return {
    redelivered: cluster.counted('streamflow_storage_redelivered_total'),
    brokerRedelivered: cluster.brokerRedelivered(),
    // Without a broker it is the clients who connect again.
    reconnected:
      cluster.rabbitmq === null
        ? load.state().reconnects
        : cluster.brokerOpened() - connectionsOfStart * starts - cluster.rabbitmq.ownConnections,
    suppressed: cluster.counted('streamflow_storage_duplicates_total'),
  };
}

export const evidenceBetween = (before: Evidence, after: Evidence): Evidence => ({
  redelivered: Math.max(0, after.redelivered - before.redelivered),
  brokerRedelivered: Math.max(0, after.brokerRedelivered - before.brokerRedelivered),
  reconnected: Math.max(0, after.reconnected - before.reconnected),
  suppressed: Math.max(0, after.suppressed - before.suppressed),
});
