import { randomUUID } from 'node:crypto';
import type { Config } from './config/load.ts';
import { dataFiles } from './data-files.ts';
import type { Clock } from './domain/clock.ts';
import type { Log } from './domain/log.ts';
import type { Bus } from './engines/bus/port.ts';
import { openRabbitmqBus } from './engines/bus/rabbitmq/open-rabbitmq-bus.ts';
import { openSegmentLogBus } from './engines/bus/segment-log/open-segment-log-bus.ts';
import { openClickHouseEventStore } from './engines/event-store/clickhouse/clickhouse-event-store.ts';
import { openEmbeddedClickHouse } from './engines/event-store/clickhouse/embedded.ts';
import type { EventStore } from './engines/event-store/port.ts';
import { createMemoryRateLimiter } from './engines/rate-limiter/memory.ts';
import type { RateLimiter } from './engines/rate-limiter/port.ts';
import { openRedisRateLimiter } from './engines/rate-limiter/redis/redis-rate-limiter.ts';
import type { RecordStore } from './engines/record-store/port.ts';
import { openSqliteRecordStore } from './engines/record-store/sqlite/sqlite-record-store.ts';
import type { Teardown } from './lifecycle.ts';
import type { Metrics } from './observability/metrics.ts';

export interface EngineOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Each engine is closed by it, in reverse order of opening. */
  readonly teardown: Teardown;
}

/** Opens the records, SQLite or PostgreSQL. */
export async function openRecords({ config, clock, log, teardown }: EngineOptions): Promise<RecordStore> {
  const records = await openSqliteRecordStore({ file: dataFiles(config.dataDir).records, log, clock });
  teardown.push('records', () => records.close());
  return records;
}

/** Opens the rate limiter, in memory or on Redis. */
export async function openRateLimiter(options: EngineOptions): Promise<RateLimiter> {
  const { config, clock, log, metrics, teardown } = options;
  const { url, prefix } = config.redis;
  const limiter =
    url === null
      ? createMemoryRateLimiter({ clock })
      : await openRedisRateLimiter({
          url: url.reveal(),
          prefix,
          clock,
          log: log.child({ engine: 'redis' }),
          random: Math.random,
          newId: randomUUID,
          observer: metrics.rateLimiter,
        });
  teardown.push('rate limiter', () => limiter.close());
  return limiter;
}

/** Opens the event store: the embedded ClickHouse, a ClickHouse server, or PostgreSQL. */
export async function openEvents({ config, clock, log, teardown }: EngineOptions): Promise<EventStore> {
  const embedded = await openEmbeddedClickHouse({ directory: dataFiles(config.dataDir).events, log });
  teardown.push('embedded ClickHouse', () => embedded.close());
  const events = await openClickHouseEventStore({ connection: embedded.connection, clock, log });
  teardown.push('event store', () => events.close());
  return events;
}

/** Opens the bus: the log in the data directory, or RabbitMQ. */
export async function openBus({ config, clock, log, metrics, teardown }: EngineOptions): Promise<Bus> {
  const { url, prefix, exchanges, heartbeat, prefetch, ...limits } = config.rabbitmq;
  const bus =
    url === null
      ? await openSegmentLogBus({
          directory: dataFiles(config.dataDir).bus,
          maxBytes: config.bus.max_bytes,
          backlogBytes: config.bus.backlog_bytes,
          publishTimeoutMs: config.bus.publish_timeout_ms,
          clock,
          log,
        })
      : await openRabbitmqBus({
          url: url.reveal(),
          prefix,
          exchanges,
          heartbeatSeconds: heartbeat,
          prefetchCount: prefetch,
          inFlightBytes: limits.in_flight_bytes,
          storageMaxBatches: limits.max_messages,
          storageMaxBytes: limits.max_bytes,
          deliveryLimit: limits.delivery_limit,
          publishTimeoutMs: config.bus.publish_timeout_ms,
          clock,
          random: Math.random,
          log,
        });
  teardown.push('bus', () => bus.close());
  for (const queue of ['events.storage', 'events.analytics', 'events.dead'] as const) {
    metrics.watchQueue(queue, async () => (await bus.depth(queue)).batches);
  }
  return bus;
}
