import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../domain/clock.ts';
import type { Log } from '../../../domain/log.ts';
import { dayMs } from '../../../domain/retention/retention.ts';
import type { EventStore } from '../port.ts';
import { aggregateEvents } from './aggregate.ts';
import { createAppending } from './append.ts';
import { auditEvents } from './audit.ts';
import type { ClickHouseConnection } from './connection.ts';
import { readHistory } from './history.ts';
import { layoutOf } from './layout.ts';
import { exportEvents, getEvent, listEvents } from './list.ts';
import { countReceived, findEvents, readReceipts } from './look-up.ts';
import { createDatabase, migrate } from './migrate.ts';
import { createRemoving } from './retention.ts';
import { createStatements, type ReadLimits, type Statements } from './statements.ts';
import { WriterLease } from './writer-lease.ts';
import { awaitTurn } from './writer-turn.ts';

export interface ClickHouseEventStoreOptions {
  readonly connection: ClickHouseConnection;
  /** Made when missing; letters, digits and `_`; `streamflow` unless given. */
  readonly database?: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Bounds of every read; 30 seconds, 500 MB and 2 threads unless given. */
  readonly limits?: Partial<ReadLimits>;
  /** Days from the receipt of an event for which its id stays known when retention removes it; 7 unless given. */
  readonly idHorizonDays?: number;
  /** Milliseconds of the writers' turns, where there are several. */
  readonly turns?: Partial<TurnTimes>;
}

export interface TurnTimes {
  /** After so long without a sign of the writer its turn is over; 15,000 unless given. */
  readonly leaseMs: number;
  /** What the network may hold back an insert; 5,000 unless given. */
  readonly marginMs: number;
  /** What an insert may take; 30,000 unless given. */
  readonly insertMs: number;
}

/** The event store on ClickHouse, be it a server or the embedded one; makes and migrates its tables. */
export async function openClickHouseEventStore(options: ClickHouseEventStoreOptions): Promise<EventStore> {
  const { connection, database = 'streamflow', clock, log } = options;
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(database)) {
    throw new TypeError(`Not the name of a database: ${JSON.stringify(database)}`);
  }
  const limits = { seconds: 30, memory: 500_000_000, threads: 2, ...options.limits };
  const layout = layoutOf(connection.cluster);
  const server = createStatements({ connection, database: 'default', limits });
  try {
    await server.command(createDatabase(database, layout));
  } finally {
    await server.close();
  }
  const statements = createStatements({ connection, database, limits });
  await migrate(statements, layout, log);
  const { writer } = connection;
  const times = { leaseMs: 15_000, marginMs: 5000, insertMs: 30_000, ...options.turns };
  const lease =
    writer === null ? null : new WriterLease({ statements, layout, database, holder: writer, log, ...times });
  const writing = lease === null ? statements : inTurn(statements, lease, times);
  const appending = createAppending({ statements: writing, clock, log, lease });
  const removing = createRemoving({
    statements: writing,
    database,
    layout,
    appending,
    clock,
    log,
    newId: randomUUID,
    horizonMs: (options.idHorizonDays ?? 7) * dayMs,
  });
  return {
    append: (block) => appending.append(block),
    ...(lease === null ? {} : { awaitTurn: (signal: AbortSignal) => awaitTurn(lease, signal) }),
    get: (project, id) => getEvent(statements, project, id),
    receipts: (project, ids) => readReceipts(statements, project, ids),
    countReceived: (query) => countReceived(statements, query),
    find: (project, ids) => findEvents(statements, project, ids),
    list: (query, readOptions = {}) => listEvents(statements, query, readOptions),
    aggregate: (query, readOptions = {}) => aggregateEvents(statements, query, readOptions),
    history: (query, readOptions = {}) => readHistory(statements, query, readOptions),
    export: (query, readOptions = {}) => exportEvents(statements, query, readOptions),
    audit: (query, readOptions = {}) => auditEvents(statements, query, readOptions),
    remove: (retention, books, { signal } = {}) => removing.remove(retention, books, signal),
    settle: (name, { signal } = {}) => removing.settle(name, signal),
    ping: () => statements.ping(),
    async close() {
      await lease?.close(appending.settled);
      await statements.close();
    },
  };
}

/** What changes rows bears the name of its writer, and inserts end in time, so that a successor can find and end it. */
const inTurn = (statements: Statements, lease: WriterLease, { insertMs }: TurnTimes): Statements => ({
  ...statements,
  command: (sql, parameters, settings) =>
    statements.command(sql, parameters, { ...settings, log_comment: lease.comment }),
  insert: (sql, data, settings) =>
    statements.insert(sql, data, {
      ...settings,
      log_comment: lease.comment,
      max_execution_time: Math.ceil(insertMs / 1000),
    }),
});
