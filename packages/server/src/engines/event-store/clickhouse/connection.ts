import type http from 'node:http';

/** Where ClickHouse is and how it is spoken to; given to `@clickhouse/client` as it is. */
export interface ClickHouseConnection {
  /** `http://host:port` or `https://host:port`. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** For a server that listens on a Unix socket. */
  readonly agent?: http.Agent;
  /** How the server is named in errors and logs, without credentials. */
  readonly name: string;
}
