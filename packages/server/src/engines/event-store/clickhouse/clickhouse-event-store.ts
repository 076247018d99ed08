import type { Clock } from '../../../domain/clock.ts';
import type { Log } from '../../../domain/log.ts';
import type { EventStore } from '../port.ts';
import { aggregateEvents } from './aggregate.ts';
import { createAppend } from './append.ts';
import type { ClickHouseConnection } from './connection.ts';
import { readHistory } from './history.ts';
import { exportEvents, getEvent, listEvents } from './list.ts';
import { findEvents, readReceipts } from './look-up.ts';
import { migrate } from './migrate.ts';
import { createStatements, type ReadLimits } from './statements.ts';

export interface ClickHouseEventStoreOptions {
  readonly connection: ClickHouseConnection;
  /** Made when missing; letters, digits and `_`; `streamflow` unless given. */
  readonly database?: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Bounds of every read; 30 seconds, 500 MB and 2 threads unless given. */
  readonly limits?: Partial<ReadLimits>;
}

/** The event store on ClickHouse, be it a server or the embedded one; makes and migrates its tables. */
export async function openClickHouseEventStore(options: ClickHouseEventStoreOptions): Promise<EventStore> {
  const { connection, database = 'streamflow', clock, log } = options;
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(database)) {
    throw new TypeError(`Not the name of a database: ${JSON.stringify(database)}`);
  }
  const limits = { seconds: 30, memory: 500_000_000, threads: 2, ...options.limits };
  const server = createStatements({ connection, database: 'default', limits });
  await server.command(`CREATE DATABASE IF NOT EXISTS ${database}`);
  await server.close();
  const statements = createStatements({ connection, database, limits });
  await migrate(statements, log);
  return {
    append: createAppend({ statements, clock, log }),
    get: (project, id) => getEvent(statements, project, id),
    receipts: (project, ids) => readReceipts(statements, project, ids),
    find: (project, ids) => findEvents(statements, project, ids),
    list: (query, readOptions = {}) => listEvents(statements, query, readOptions),
    aggregate: (query, readOptions = {}) => aggregateEvents(statements, query, readOptions),
    history: (query, readOptions = {}) => readHistory(statements, query, readOptions),
    export: (query, readOptions = {}) => exportEvents(statements, query, readOptions),
    ping: () => statements.ping(),
    close: () => statements.close(),
  };
}
