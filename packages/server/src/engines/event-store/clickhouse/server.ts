import { StreamFlowError, unavailable } from '../../../domain/errors.ts';
import type { Log } from '../../../domain/log.ts';
import type { ClickHouseConnection } from './connection.ts';
import { createStatements, StatementError } from './statements.ts';

export interface ClickHouseServerOptions {
  /** `http://user:password@host:port`, or `https://` for TLS. */
  readonly url: string;
  /** When the URL names none; `default` without either. */
  readonly user?: string;
  /** When the URL holds none. */
  readonly password?: string;
  /** Certificates by which an https server is known, PEM; those of the system without it. */
  readonly ca?: Buffer;
  /** Name of the cluster over which the tables are to be replicated; a server by itself without it. */
  readonly cluster?: string;
  /** Makes names that no other process makes. */
  readonly newId: () => string;
  readonly log: Log;
}

const countShards =
  'SELECT uniqExact(shard_num) AS shards, count() AS replicas FROM system.clusters WHERE cluster = {cluster:String}';

/**
 * Finds a ClickHouse server and looks whether it lets us in and knows the cluster. The connection needs no closing:
 * each user of it opens and closes its own sockets.
 *
 * @throws StreamFlowError `ServiceUnavailable`, naming the address, when it is away or refuses us.
 */
export async function openClickHouseServer(options: ClickHouseServerOptions): Promise<ClickHouseConnection> {
  const { cluster = null, ca, log } = options;
  const url = new URL(options.url);
  const username = decodeURIComponent(url.username) || options.user;
  const password = decodeURIComponent(url.password) || options.password;
  const connection: ClickHouseConnection = {
    url: url.origin,
    name: `ClickHouse at ${url.host}`,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(ca === undefined ? {} : { ca }),
    writer: options.newId(),
    cluster,
  };
  const statements = createStatements({
    connection: { ...connection, cluster: null },
    database: 'default',
    limits: { seconds: 10, memory: 100_000_000, threads: 1 },
  });
  try {
    const [server] = await statements.rows('SELECT version() AS version', {});
    if (cluster !== null) {
      const [found] = await statements.rows(countShards, { cluster });
      const shards = Number(found?.shards ?? 0);
      if (shards === 0) throw unavailable(`${connection.name} does not know the cluster ${cluster}`);
      // Identity is looked up on the shard that is written to; an id on another one would not be found.
      if (shards > 1)
        throw unavailable(`The cluster ${cluster} has ${shards} shards; StreamFlow needs one of one shard`);
      log.info('ClickHouse is there', { server: connection.name, version: server?.version, ...found });
    } else {
      log.info('ClickHouse is there', { server: connection.name, version: server?.version });
    }
  } catch (error) {
    const refusal = error instanceof StreamFlowError ? error.cause : error;
    if (refusal instanceof StatementError)
      throw unavailable(`${connection.name} refuses us: ${refusal.type || refusal.message}`, 1, error);
    throw error;
  } finally {
    await statements.close();
  }
  return connection;
}
