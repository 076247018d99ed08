import type http from 'node:http';

/** Where ClickHouse is and how it is spoken to. */
export interface ClickHouseConnection {
  /** `http://host:port` or `https://host:port`. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** Certificates by which an https server is known, PEM; those of the system without it. */
  readonly ca?: Buffer;
  /** For a server that listens on a Unix socket. */
  readonly agent?: http.Agent;
  /** How the server is named in errors and logs, without credentials. */
  readonly name: string;
  /**
   * Name of this process among those that may write to the same tables, which no other ever has: writers take turns.
   * null where no other process can write.
   */
  readonly writer: string | null;
  /** Name of the cluster over which the tables are replicated; null for a server by itself. */
  readonly cluster: string | null;
}
