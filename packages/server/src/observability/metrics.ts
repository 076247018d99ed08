import type { ServiceName } from '@streamflow/contracts';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { RequestMetrics } from './request-metrics.ts';

/** What ingestion reports. */
interface IngestionMetrics {
  /** Events of a type became durable. */
  accepted(type: string, count: number): void;
  /** Events were refused; the reason is one of few words. */
  refused(reason: string, count: number): void;
  /** An id came a second time within a millisecond; `conflict` when the second was another event. */
  repeated(conflict: boolean): void;
}

/** What storage reports. */
interface StorageMetrics {
  onAppended(result: {
    readonly stored: number;
    readonly textOnly: number;
    readonly setAside: number;
    readonly duplicates: number;
    readonly conflicts: number;
  }): void;
  /** A batch was delivered that may have been delivered before. */
  onRedelivered(): void;
  /** Batches that moved to the dead letters. */
  onDead(count: number): void;
  /** Events were removed by retention. */
  onRemoved(count: number): void;
  /** Seconds of one append to the event store. */
  onAppendTime(seconds: number): void;
  /** Seconds from the receipt of an event to the moment at which queries see it. */
  onQueryable(seconds: number): void;
}

/** What alerting reports. */
interface AlertingMetrics {
  /** An alert began to fire. */
  onFired(level: string): void;
  /** A notification was taken by its channel, or given up. */
  onNotification(outcome: 'delivered' | 'failed'): void;
  /** Seconds of one evaluation of all rules. */
  onEvaluation(seconds: number): void;
}

/** What the rate limiter reports. */
interface RateLimiterMetrics {
  /** Whether limits hold for this process alone from now on. */
  onFallback(active: boolean): void;
  /** A decision was made by this process alone. */
  onFallbackDecision(): void;
}

/** The connections of this process to its database. */
export interface DatabaseConnections {
  readonly busy: number;
  readonly idle: number;
  /** Callers that wait for one. */
  readonly waiting: number;
}

export interface MetricsOptions {
  /** Figures of the process and of Node beside our own; true unless given. */
  readonly processMetrics?: boolean;
  /** Of the program; not shown unless given. */
  readonly version?: string;
}

export interface Metrics {
  /** A recorder for the requests of one route; `pattern` is the route as declared, never a path. */
  route(service: ServiceName, method: string, pattern: string): (status: number, seconds: number) => void;
  /** Open WebSockets of a service changed by `by`. */
  connections(service: ServiceName, by: 1 | -1): void;
  readonly ingestion: IngestionMetrics;
  readonly storage: StorageMetrics;
  readonly rateLimiter: RateLimiterMetrics;
  /** Spans were sent to the collector of traces, or could not be. */
  onSpansExported(spans: number, sent: boolean): void;
  readonly alerting: AlertingMetrics;
  /** Asked at every scrape; a queue whose depth cannot be had is left out of that scrape. */
  watchQueue(queue: string, depth: () => Promise<{ readonly batches: number; readonly bytes: number }>): void;
  /** Asked at every scrape, like `watchGauge`. */
  watchDatabase(connections: () => DatabaseConnections): void;
  /** Asked at every scrape, for figures that somebody else keeps. */
  watchGauge(name: `streamflow_${string}`, help: string, value: () => number): void;
  /** Everything in the Prometheus text format. */
  render(): Promise<string>;
  readonly contentType: string;
}

const fastBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Gauges of the library with the suffix of a counter; the resources of Node, by type, say the same. */
const misnamedGauges = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

/** Types are named by clients where the configuration accepts any: past so many, they share one label. */
const maxEventTypes = 100;

/** The figures of one process; `/metrics` of every service and the monitoring port show them. */
export function createMetrics({ processMetrics = true, version }: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  if (processMetrics) {
    collectDefaultMetrics({ register: registry });
    for (const name of misnamedGauges) registry.removeSingleMetric(name);
  }
  const registers = [registry];
  const requests = new RequestMetrics();

  const counter = <T extends string>(name: string, help: string, labelNames: readonly T[] = []) =>
    new Counter({ name, help, labelNames, registers });
  const events = counter('streamflow_events_total', 'Events accepted, by type.', ['type']);
  const refused = counter('streamflow_events_refused_total', 'Events refused, by reason.', ['reason']);
  const alerts = counter('streamflow_alerts_fired_total', 'Alerts fired, by level.', ['level']);
  const spans = counter('streamflow_trace_spans_total', 'Spans handed to the collector of traces.', [
    'outcome',
  ]);
  const notifications = counter(
    'streamflow_alert_notifications_total',
    'Notifications of alerts that were delivered or given up, by outcome.',
    ['outcome'],
  );
  const evaluationTime = new Histogram({
    name: 'streamflow_alert_evaluation_duration_seconds',
    help: 'Time of one evaluation of all alert rules.',
    buckets: fastBuckets,
    registers,
  });
  const appended = counter('streamflow_storage_appended_total', 'Events stored.');
  const duplicates = counter('streamflow_storage_duplicates_total', 'Events whose id was known already.');
  const conflicts = counter(
    'streamflow_storage_id_conflicts_total',
    'Duplicates whose timestamp or content differed from what was stored.',
  );
  const textOnly = counter('streamflow_storage_text_only_total', 'Events stored as text alone.');
  const setAside = counter(
    'streamflow_storage_set_aside_total',
    'Lines that could not become events and are kept beside them.',
  );
  const dead = counter('streamflow_storage_dead_letters_total', 'Batches moved to the dead letters.');
  const removed = counter(
    'streamflow_retention_removed_events_total',
    'Events removed because they were older than they are kept.',
  );
  const redelivered = counter(
    'streamflow_storage_redelivered_total',
    'Batches that may have been delivered to storage before.',
  );
  const decidedAlone = counter(
    'streamflow_rate_limiter_fallback_decisions_total',
    'Decisions that this process made alone because Redis was away.',
  );
  const limitsAlone = new Gauge({
    name: 'streamflow_rate_limiter_fallback',
    help: 'Whether limits hold for this process alone because Redis is away.',
    registers,
  });
  const eventTime = new Histogram({
    name: 'streamflow_events_duration_seconds',
    help: 'Time from the receipt of an event until queries saw it.',
    buckets: fastBuckets,
    registers,
  });
  const appendTime = new Histogram({
    name: 'streamflow_storage_append_duration_seconds',
    help: 'Time of one append to the event store.',
    buckets: fastBuckets,
    registers,
  });
  const connections = new Gauge({
    name: 'streamflow_active_connections',
    help: 'Open WebSockets.',
    labelNames: ['service'],
    registers,
  });
  const queues = new Map<string, Parameters<Metrics['watchQueue']>[1]>();
  const gauge = <T extends string>(name: string, help: string, labelNames: readonly T[] = []) =>
    new Gauge({ name, help, labelNames, registers });
  const queueDepth = gauge('streamflow_queue_depth', 'Batches in a queue that are not acknowledged yet.', [
    'queue',
  ]);
  const queueBytes = gauge(
    'streamflow_queue_bytes',
    'Bytes of the batches in a queue, an estimate on a broker.',
    ['queue'],
  );
  const askQueues = async (): Promise<void> => {
    queueDepth.reset();
    queueBytes.reset();
    await Promise.all(
      [...queues].map(async ([queue, depth]) => {
        const known = await depth().catch(() => null);
        if (known === null) return;
        queueDepth.set({ queue }, known.batches);
        queueBytes.set({ queue }, known.bytes);
      }),
    );
  };
  if (version !== undefined)
    gauge('streamflow_build_info', 'Always 1; the labels say what runs.', ['version', 'node_version']).set(
      { version, node_version: process.version },
      1,
    );

  const accepted = new Map<string, Counter.Internal>();
  const acceptedOf = (type: string): Counter.Internal => {
    const known = accepted.get(type);
    if (known !== undefined) return known;
    const label = accepted.size < maxEventTypes ? type : 'other';
    const child = events.labels(label);
    if (label === type) accepted.set(type, child);
    return child;
  };

  return {
    route: (service, method, pattern) => requests.route(service, method, pattern),
    connections: (service, by) => connections.inc({ service }, by),
    ingestion: {
      accepted: (type, count) => acceptedOf(type).inc(count),
      refused: (reason, count) => refused.inc({ reason }, count),
      repeated(conflict) {
        duplicates.inc();
        if (conflict) conflicts.inc();
      },
    },
    storage: {
      onAppended(result) {
        appended.inc(result.stored);
        textOnly.inc(result.textOnly);
        setAside.inc(result.setAside);
        duplicates.inc(result.duplicates);
        conflicts.inc(result.conflicts);
      },
      onRedelivered: () => redelivered.inc(),
      onDead: (count) => dead.inc(count),
      onRemoved: (count) => removed.inc(count),
      onAppendTime: (seconds) => appendTime.observe(seconds),
      onQueryable: (seconds) => eventTime.observe(seconds),
    },
    rateLimiter: {
      onFallback: (active) => limitsAlone.set(active ? 1 : 0),
      onFallbackDecision: () => decidedAlone.inc(),
    },
    onSpansExported: (count, sent) => spans.inc({ outcome: sent ? 'sent' : 'failed' }, count),
    alerting: {
      onFired: (level) => alerts.inc({ level }),
      onNotification: (outcome) => notifications.inc({ outcome }),
      onEvaluation: (seconds) => evaluationTime.observe(seconds),
    },
    watchQueue: (queue, depth) => void queues.set(queue, depth),
    watchGauge(name, help, value) {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(value());
        },
      });
    },
    watchDatabase(connections) {
      new Gauge({
        name: 'streamflow_database_connections',
        help: 'Connections to the database, by state.',
        labelNames: ['state'],
        registers,
        collect() {
          const { busy, idle } = connections();
          this.set({ state: 'busy' }, busy);
          this.set({ state: 'idle' }, idle);
        },
      });
      new Gauge({
        name: 'streamflow_database_waiting',
        help: 'Callers that wait for a connection to the database.',
        registers,
        collect() {
          this.set(connections().waiting);
        },
      });
    },
    async render() {
      await askQueues();
      return `${await registry.metrics()}\n${requests.render()}`;
    },
    contentType: registry.contentType,
  };
}
