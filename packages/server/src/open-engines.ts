import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Config } from './config/load.ts';
import { dataFiles } from './data-files.ts';
import type { Clock } from './domain/clock.ts';
import { StreamFlowError, unavailable } from './domain/errors.ts';
import type { Log } from './domain/log.ts';
import type { Bus } from './engines/bus/port.ts';
import { openRabbitmqBus } from './engines/bus/rabbitmq/open-rabbitmq-bus.ts';
import { openSegmentLogBus } from './engines/bus/segment-log/open-segment-log-bus.ts';
import { openClickHouseEventStore } from './engines/event-store/clickhouse/clickhouse-event-store.ts';
import type { ClickHouseConnection } from './engines/event-store/clickhouse/connection.ts';
import { openEmbeddedClickHouse } from './engines/event-store/clickhouse/embedded.ts';
import { openClickHouseServer } from './engines/event-store/clickhouse/server.ts';
import type { EventStore } from './engines/event-store/port.ts';
import { openPostgresEventStore } from './engines/event-store/postgres/postgres-event-store.ts';
import { openPostgres } from './engines/postgres/open-postgres.ts';
import type { Postgres } from './engines/postgres/postgres.ts';
import { createMemoryRateLimiter } from './engines/rate-limiter/memory.ts';
import type { RateLimiter } from './engines/rate-limiter/port.ts';
import { openRedisRateLimiter } from './engines/rate-limiter/redis/redis-rate-limiter.ts';
import type { RecordStore } from './engines/record-store/port.ts';
import { openPostgresRecordStore } from './engines/record-store/postgres/postgres-record-store.ts';
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

/** The connections to PostgreSQL, which records and events share; null without a database. */
export function openDatabase({ config, log, metrics, teardown }: EngineOptions): Postgres | null {
  const { url, pool_size: poolSize, max_overflow: maxOverflow, echo } = config.database;
  if (url === null) return null;
  const postgres = openPostgres({
    url: url.reveal(),
    poolSize,
    maxOverflow,
    applicationName: 'streamflow',
    echo,
    log: log.child({ engine: 'postgres' }),
  });
  teardown.push('database', () => postgres.close());
  metrics.watchDatabase(postgres.connections);
  return postgres;
}

/** Opens the records: in PostgreSQL where there is a database, in SQLite where not. */
export async function openRecords(options: EngineOptions, postgres: Postgres | null): Promise<RecordStore> {
  const { config, clock, log, teardown } = options;
  if (postgres !== null) await reachDatabase(postgres, config);
  const records =
    postgres === null
      ? await openSqliteRecordStore({ file: dataFiles(config.dataDir).records, log, clock })
      : await openPostgresRecordStore({ postgres, log, clock, random: Math.random });
  teardown.push('records', () => records.close());
  return records;
}

/** Errors of the driver do not say which server they are about; a start that fails has to. */
async function reachDatabase(postgres: Postgres, { database }: Config): Promise<void> {
  try {
    await postgres.ping();
  } catch (error) {
    if (database.url === null || !(error instanceof StreamFlowError)) throw error;
    const { hostname, port } = new URL(database.url.reveal());
    throw unavailable(`PostgreSQL at ${hostname}:${port || 5432}: ${error.message}`, 1, error);
  }
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

/** Opens the event store: a ClickHouse server, PostgreSQL, or the embedded ClickHouse. */
export async function openEvents(options: EngineOptions, postgres: Postgres | null): Promise<EventStore> {
  const { config, clock, log, teardown } = options;
  const events =
    config.engines.events === 'postgres' && postgres !== null
      ? await openPostgresEventStore({
          postgres,
          clock,
          log,
          partitionBy: config.storage.partition_by,
          indexProperties: config.storage.index_properties,
          idHorizonDays: config.storage.id_horizon_days,
        })
      : await openClickHouseEventStore({
          connection: await openClickHouse(options),
          database: config.clickhouse.database,
          idHorizonDays: config.storage.id_horizon_days,
          clock,
          log,
        });
  teardown.push('event store', () => events.close());
  return events;
}

async function openClickHouse({ config, log, teardown }: EngineOptions): Promise<ClickHouseConnection> {
  const { url, user, password, ca_file: caFile, cluster } = config.clickhouse;
  if (url === null) {
    const embedded = await openEmbeddedClickHouse({ directory: dataFiles(config.dataDir).events, log });
    teardown.push('embedded ClickHouse', () => embedded.close());
    return embedded.connection;
  }
  return openClickHouseServer({
    url: url.reveal(),
    ...(user === null ? {} : { user }),
    ...(password === null ? {} : { password: password.reveal() }),
    ...(caFile === null ? {} : { ca: await readFile(caFile) }),
    ...(cluster === null ? {} : { cluster }),
    newId: randomUUID,
    log: log.child({ engine: 'clickhouse' }),
  });
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
    metrics.watchQueue(queue, () => bus.depth(queue));
  }
  return bus;
}
