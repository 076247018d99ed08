import type { Clock } from '../../domain/clock.ts';
import type { Log } from '../../domain/log.ts';
import type { Tracing } from '../../domain/tracing.ts';
import type { Bus } from '../../engines/bus/port.ts';
import type { EventStore } from '../../engines/event-store/port.ts';
import type { RecordStore } from '../../engines/record-store/port.ts';
import type { Service } from '../../http/service.ts';
import { enter } from '../../ledger/ledger-entries.ts';
import { createBlockWriter } from './block-writer.ts';
import { deadLetterRoutes } from './dead-letter-routes.ts';
import { eventRoutes } from './event-routes.ts';
import { exportRoute } from './export-route.ts';
import type { BlockLimits } from './flush-rule.ts';
import { ledgerRoute } from './ledger-route.ts';
import { retentionRoute } from './retention-route.ts';
import { createRetentionRuns, type RetentionRunsOptions } from './retention-runs.ts';
import type { StorageMetrics } from './storage-metrics.ts';
import { createStoring } from './storing.ts';

export interface StorageOptions {
  readonly bus: Pick<Bus, 'consume' | 'depth' | 'deadLetters' | 'ping'>;
  readonly events: EventStore;
  /** Where the ledger is. */
  readonly records: RecordStore;
  readonly clock: Clock;
  /** A number from 0 up to and without 1; spreads the tries while the store is away. */
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: StorageMetrics;
  readonly tracing?: Tracing | null;
  readonly block?: Partial<BlockLimits>;
  /** How long `stop` may go on writing what was delivered, milliseconds; 5,000 unless given. */
  readonly stopWithinMs?: number;
  /** Removes old events, where this process is a server and not a command. */
  readonly retention?: Pick<RetentionRunsOptions, 'days' | 'auditDays' | 'timers' | 'settleAfterMs'>;
}

/** Sizes at which a commit costs the store little beside its rows, and that keep its memory within bounds. */
export const defaultBlockLimits: BlockLimits = {
  maxRows: 20_000,
  maxBytes: 16 * 1024 * 1024,
  maxWaitMs: 200,
};

/** RabbitMQ counts unacknowledged messages of a channel in 16 bits. */
const largestPrefetchCount = 65_535;

/** Writes the events of the bus into the event store, and answers queries over them. */
export function createStorage(options: StorageOptions): Service {
  const { bus, events, records, clock, log } = options;
  const limits = { ...defaultBlockLimits, ...options.block };
  const storing = createStoring({
    bus,
    events,
    createWriter: (consumption) =>
      createBlockWriter({
        store: events,
        enter: (entries) => enter(records, entries),
        clock,
        random: options.random,
        log,
        limits,
        metrics: options.metrics,
        tracing: options.tracing ?? null,
        onAway: () => consumption.pause(),
        onBack: () => consumption.resume(),
      }),
    // One block that is written and one that fills.
    prefetchBytes: 2 * limits.maxBytes,
    prefetchCount: Math.min(2 * limits.maxRows, largestPrefetchCount),
    stopWithinMs: options.stopWithinMs ?? 5000,
    log,
  });

  const retentionRuns =
    options.retention === undefined
      ? null
      : createRetentionRuns({
          ...options.retention,
          events,
          records,
          clock,
          log,
          mayRun: () => storing.writer !== null,
          onRemoved: (count) => options.metrics.onRemoved(count),
        });

  return {
    name: 'storage',
    routes: [
      ...eventRoutes({ events, clock }),
      exportRoute({ events, clock, log }),
      ...deadLetterRoutes({ deadLetters: bus.deadLetters, events, records, clock, log }),
      ledgerRoute({
        bus,
        events,
        records,
        clock,
        held: () => storing.writer?.held() ?? { deliveries: 0, oldest: null },
      }),
      retentionRoute({
        records,
        clock,
        days: options.retention?.days ?? { general: null, byType: {} },
        auditDays: options.retention?.auditDays ?? null,
      }),
    ],
    sockets: [],
    checks: { database: () => events.ping(), message_broker: () => bus.ping() },
    essentialChecks: ['database'],
    figures: {
      events_waiting: () => storing.writer?.waitingRows() ?? 0,
      oldest_waiting_ms: () => storing.writer?.oldestAgeMs() ?? 0,
    },
    async start() {
      await storing.start();
      retentionRuns?.start();
    },
    async stop() {
      await retentionRuns?.stop();
      await storing.stop();
    },
  };
}
