import { Readable } from 'node:stream';
import {
  ClickHouseError,
  ClickHouseLogLevel,
  type ClickHouseSettings,
  createClient,
} from '@clickhouse/client';
import { StreamFlowError, unavailable } from '../../../domain/errors.ts';
import type { ClickHouseConnection, StatementKind } from './connection.ts';
import { passingFaults } from './exception-codes.ts';
import { layoutOf } from './layout.ts';

export type Parameters = Readonly<Record<string, unknown>>;
export type Row = Readonly<Record<string, unknown>>;

export interface StatementsOptions {
  readonly connection: ClickHouseConnection;
  readonly database: string;
  /** Every read is bounded by these. */
  readonly limits: ReadLimits;
}

export interface ReadLimits {
  /** Seconds that a read may take. */
  readonly seconds: number;
  /** Bytes of memory that a read may use. */
  readonly memory: number;
  /** Threads of a read. */
  readonly threads: number;
}

export interface RowOptions {
  readonly signal?: AbortSignal | undefined;
  readonly settings?: ClickHouseSettings;
}

/** A statement that ClickHouse refused, with the number and the name of its exception. */
export class StatementError extends Error {
  readonly code: number;
  readonly type: string;

  constructor(error: ClickHouseError) {
    super(error.message, { cause: error });
    this.name = 'StatementError';
    this.code = Number(error.code);
    this.type = error.type ?? '';
  }
}

/** What the event store says to ClickHouse, and how failures are told. */
export interface Statements {
  /** Runs a query within the limits. */
  rows(sql: string, parameters: Parameters, options?: RowOptions): Promise<Row[]>;
  /** Runs a statement that gives nothing back. */
  command(sql: string, parameters?: Parameters, settings?: ClickHouseSettings): Promise<void>;
  /** Inserts rows of the format that the SQL names. */
  insert(sql: string, data: Buffer, settings: ClickHouseSettings): Promise<void>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

// An insert of some megabytes takes a tenth of a second; a minute means that the engine is in trouble.
const requestTimeout = 120_000;
// A link to a server may go silent. A query is ended by the server after 30 seconds, and an insert, too.
const serverRequestTimeout = 45_000;
const pingTimeout = 5000;

export function createStatements(options: StatementsOptions): Statements {
  const { connection, database, limits } = options;
  const layout = layoutOf(connection.cluster);
  const client = createClient({
    url: connection.url,
    database,
    application: 'StreamFlow',
    request_timeout: connection.writer === null ? requestTimeout : serverRequestTimeout,
    compression: { request: false, response: false },
    use_multipart_params_auto: true,
    log: { level: ClickHouseLogLevel.OFF },
    ...(connection.username === undefined ? {} : { username: connection.username }),
    ...(connection.password === undefined ? {} : { password: connection.password }),
    ...(connection.ca === undefined ? {} : { tls: { ca_cert: connection.ca } }),
    ...(connection.agent === undefined ? {} : { http_agent: connection.agent }),
    ...(connection.agent === undefined ? {} : { set_basic_auth_header: false }),
  });
  const readSettings: ClickHouseSettings = {
    // The whole result before the first byte, so that every failure has its own status.
    wait_end_of_query: 1,
    // Whoever goes away takes the query along.
    cancel_http_readonly_queries_on_client_close: 1,
    max_execution_time: limits.seconds,
    max_memory_usage: String(limits.memory),
    max_bytes_before_external_group_by: String(Math.floor(limits.memory / 2)),
    max_bytes_before_external_sort: String(Math.floor(limits.memory / 2)),
    max_threads: limits.threads,
    output_format_json_quote_64bit_integers: 0,
    output_format_json_quote_denormals: 0,
    ...layout.readSettings,
  };

  const { observer } = connection;
  const observed = async <R>(kind: StatementKind, run: () => Promise<R>): Promise<R> => {
    try {
      const result = await run();
      observer?.succeeded(kind);
      return result;
    } catch (error) {
      if (error instanceof ClickHouseError) observer?.refused(kind, Number(error.code));
      throw error;
    }
  };

  return {
    async rows(sql, parameters, { signal, settings } = {}) {
      signal?.throwIfAborted();
      try {
        return await observed('read', async () => {
          const result = await client.query({
            query: sql,
            format: 'JSONEachRow',
            query_params: { ...parameters },
            clickhouse_settings: { ...readSettings, ...settings },
            ...(signal === undefined ? {} : { abort_signal: signal }),
          });
          return await result.json<Row>();
        });
      } catch (error) {
        signal?.throwIfAborted();
        throw readFailure(error, connection.name);
      }
    },
    async command(sql, parameters = {}, settings = {}) {
      try {
        await client.command({
          query: sql,
          query_params: { ...parameters },
          clickhouse_settings: { ...layout.insertSettings, ...layout.schemaSettings, ...settings },
        });
      } catch (error) {
        throw failure(error, connection.name);
      }
    },
    async insert(sql, data, settings) {
      try {
        await observed('write', async () => {
          const result = await client.exec({
            query: sql,
            values: Readable.from([data], { objectMode: false }),
            clickhouse_settings: { ...settings, ...layout.insertSettings },
          });
          for await (const _ of result.stream);
        });
      } catch (error) {
        throw failure(error, connection.name);
      }
    },
    async ping() {
      const result = await client.ping({
        // The other kind of ping is answered to anybody, whatever the password and the state of the replicas.
        select: connection.writer !== null,
        abort_signal: AbortSignal.timeout(pingTimeout),
      });
      if (!result.success) throw failure(result.error, connection.name);
    },
    close: () => client.close(),
  };
}

/** MEMORY_LIMIT_EXCEEDED */
const memoryLimit = 241;

/** Whether a read rejected because it needed more memory than it may use. */
export function exceededMemory(error: unknown): boolean {
  return (
    error instanceof StreamFlowError &&
    error.cause instanceof StatementError &&
    error.cause.code === memoryLimit
  );
}

function readFailure(error: unknown, name: string): Error {
  const known = failure(error, name);
  if (known instanceof StatementError && passingFaults.has(known.code)) {
    return unavailable(`The query was ended by ${name}: ${known.type}`, 1, known);
  }
  return known;
}

function failure(error: unknown, name: string): Error {
  if (error instanceof StreamFlowError) return error;
  if (error instanceof ClickHouseError) return new StatementError(error);
  const reason = error instanceof Error ? error.message : String(error);
  return unavailable(`${name} is away: ${reason}`, 1, error);
}
