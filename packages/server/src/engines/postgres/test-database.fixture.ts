import { randomUUID } from 'node:crypto';
import { connect as connectSocket, createServer, type Socket } from 'node:net';
import pg from 'pg';

/** The server on which tests make databases of their own. */
export const serverUrl = process.env.TEST_DATABASE_URL ?? 'postgresql://root@127.0.0.1:5432/postgres';
const { hostname, port } = new URL(serverUrl);
const address = { host: hostname, port: Number(port || 5432) };
export const serverName = `${address.host}:${address.port}`;

/** Whether tests can run here; with REQUIRE_SERVICES=1 they run and fail. */
export async function canUseServer(): Promise<boolean> {
  if (process.env.REQUIRE_SERVICES === '1') return true;
  return new Promise((done) => {
    const socket = connectSocket({ ...address, timeout: 1000 });
    const answer = (value: boolean) => () => {
      socket.destroy();
      done(value);
    };
    socket.on('connect', answer(true)).on('error', answer(false)).on('timeout', answer(false));
  });
}

export interface TestDatabase {
  readonly url: string;
  /** Runs statements apart from what is tested. */
  query(sql: string, values?: readonly unknown[]): Promise<Record<string, unknown>[]>;
  /** Removes the database, and the connections to it. */
  drop(): Promise<void>;
}

export async function createTestDatabase(): Promise<TestDatabase> {
  const name = `streamflow_test_${randomUUID().replaceAll('-', '')}`;
  await onServer(`create database ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  const own = new pg.Pool({ connectionString: url.href, max: 4 });
  own.on('error', () => {});
  return {
    url: url.href,
    query: async (sql, values = []) => (await own.query<Record<string, unknown>>(sql, [...values])).rows,
    async drop() {
      await own.end();
      await onServer(`drop database ${name} with (force)`);
    },
  };
}

async function onServer(sql: string): Promise<void> {
  const client = new pg.Client(serverUrl);
  await client.connect();
  await client.query(sql);
  await client.end();
}

export interface TestProxy {
  /** The given address by way of the proxy. */
  urlFor(url: string): string;
  /** Ends all connections and takes no more, as when the server is stopped. */
  refuse(): void;
  /** Keeps connections and passes nothing on, as a link that died silently. */
  silence(): void;
  /** Everything passes again. */
  restore(): void;
  close(): Promise<void>;
}

/** Stands between a test and the server, which everybody uses and nobody may stop. */
export async function startTestProxy(): Promise<TestProxy> {
  const sockets = new Set<Socket>();
  let mode: 'pass' | 'refuse' | 'silent' = 'pass';
  const server = createServer((near) => {
    if (mode === 'refuse') {
      near.resetAndDestroy();
      return;
    }
    const far = connectSocket(address);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (data) => {
        if (mode !== 'silent') to.write(data);
      });
      from.on('error', () => {});
      from.on('close', () => {
        sockets.delete(from);
        if (mode !== 'silent') to.destroy();
      });
    }
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new TypeError('The proxy has no port');
  const endAll = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    urlFor(url) {
      const through = new URL(url);
      through.hostname = '127.0.0.1';
      through.port = String(bound.port);
      return through.href;
    },
    refuse() {
      mode = 'refuse';
      endAll();
    },
    silence() {
      mode = 'silent';
    },
    restore() {
      endAll();
      mode = 'pass';
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        endAll();
      }),
  };
}
