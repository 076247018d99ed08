import pg from 'pg';
import type { Log } from '../../domain/log.ts';
import { portError } from './failures.ts';

export interface ConnectionsOptions {
  readonly url: string;
  readonly poolSize: number;
  readonly maxOverflow: number;
  readonly applicationName: string;
  readonly log: Log;
  readonly statementTimeoutMs: number;
  readonly connectTimeoutMs?: number;
}

/** The connections to one database, and how they begin and end. */
export interface Connections {
  /** Rejects with `ServiceUnavailable` when none is to be had in time. */
  take(): Promise<pg.PoolClient>;
  /** @param sound whether the connection may be used again. */
  giveBack(client: pg.PoolClient, sound: boolean): void;
  /** Ends what a connection does, in the server too; the connection cannot be used any more. */
  cancel(client: pg.PoolClient): Promise<void>;
  usage(): { readonly busy: number; readonly idle: number; readonly waiting: number };
  close(): Promise<void>;
}

const idleMs = 30_000;
const closeTimeoutMs = 5000;

/*
 * For every connection. The server ends a transaction whose client does nothing any more, and finds out within seconds
 * that a client is gone, so that a process that died holds no locks and no query goes on for nobody. Settings that an
 * older server does not have are passed over. Compiling a query takes longer than almost every query here.
 */
const sessionSettings = {
  idle_in_transaction_session_timeout: '30000',
  client_connection_check_interval: '2000',
  tcp_keepalives_idle: '30',
  tcp_keepalives_interval: '10',
  tcp_keepalives_count: '3',
  jit: 'off',
};
const applySettings =
  'select pg_backend_pid() as pid, (select count(set_config(name, value, false)) ' +
  'from jsonb_each_text($1::jsonb) as given (name, value) ' +
  'where exists (select from pg_settings where pg_settings.name = given.name)) as applied';

export function createConnections(options: ConnectionsOptions): Connections {
  const { log, connectTimeoutMs = 5000 } = options;
  const config: pg.ClientConfig = {
    connectionString: options.url,
    application_name: options.applicationName,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000,
  };
  const settings = JSON.stringify({ ...sessionSettings, statement_timeout: `${options.statementTimeoutMs}` });
  const processes = new WeakMap<pg.ClientBase, unknown>();
  const open = new Set<pg.PoolClient>();
  const pool = new pg.Pool({
    ...config,
    min: options.poolSize,
    max: options.poolSize + options.maxOverflow,
    idleTimeoutMillis: idleMs,
    onConnect: async (client) => {
      const { rows } = await client.query<Record<string, unknown>>(applySettings, [settings]);
      processes.set(client, rows[0]?.pid);
    },
  });
  // A connection that breaks while nobody uses it is no news to anybody: the next call opens another one.
  pool.on('error', (error) => log.debug('An idle connection to PostgreSQL ended', { error }));
  pool.on('connect', (client) => open.add(client));
  pool.on('remove', (client) => open.delete(client));
  // Without a listener the error would end the process; the statement under way rejects with it.
  const onError = (error: Error): void => log.debug('A connection to PostgreSQL failed', { error });

  let closing: Promise<void> | null = null;
  return {
    async take() {
      try {
        const client = await pool.connect();
        client.on('error', onError);
        return client;
      } catch (error) {
        throw portError(error);
      }
    },
    giveBack(client, sound) {
      client.off('error', onError);
      client.release(!sound);
    },
    async cancel(client) {
      const other = new pg.Client(config);
      other.on('error', onError);
      try {
        await other.connect();
        await other.query('select pg_cancel_backend($1)', [processes.get(client)]);
      } catch (error) {
        log.warning('A statement could not be cancelled; it ends by its timeout', { error });
      } finally {
        client.connection.stream.destroy();
        other.connection.stream.destroy();
      }
    },
    usage: () => ({
      busy: pool.totalCount - pool.idleCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
    }),
    close() {
      closing ??= closePool(pool, open);
      return closing;
    },
  };
}

/** A server that does not answer any more would not close its side either. */
async function closePool(pool: pg.Pool, open: ReadonlySet<pg.PoolClient>): Promise<void> {
  const impatient = setTimeout(() => {
    for (const client of open) client.connection.stream.destroy();
  }, closeTimeoutMs);
  try {
    await pool.end();
  } finally {
    clearTimeout(impatient);
  }
}
