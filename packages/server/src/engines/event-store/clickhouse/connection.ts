import type http from 'node:http';

/** What a statement is for: what fails of one kind may work of the other. */
export type StatementKind = 'read' | 'write';

/** Told how statements end, so that whoever runs the engine sees when it no longer works although it answers. */
export interface StatementObserver {
  succeeded(kind: StatementKind): void;
  /** With the number of the exception. */
  refused(kind: StatementKind, code: number): void;
}

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
  /** Told of every statement. */
  readonly observer?: StatementObserver;
  /** Name of the cluster over which the tables are replicated; null for a server by itself. */
  readonly cluster: string | null;
}
