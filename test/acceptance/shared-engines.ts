import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { createClient } from '@redis/client';
import pg from 'pg';
import { Connection } from 'rabbitmq-client';
import { describe, test } from 'vitest';

/* Servers that every test shares, and the part of each that belongs to one test alone. */

const servers = {
  RabbitMQ: new URL(process.env.TEST_RABBITMQ_URL ?? 'amqp://guest:guest@127.0.0.1:5672'),
  PostgreSQL: new URL(process.env.TEST_DATABASE_URL ?? 'postgresql://root@127.0.0.1:5432/postgres'),
  Redis: new URL(process.env.TEST_REDIS_URL ?? 'redis://127.0.0.1:6379'),
};
const defaultPorts = { RabbitMQ: 5672, PostgreSQL: 5432, Redis: 6379 };
const portOf = (name: keyof typeof servers): number => Number(servers[name].port || defaultPorts[name]);

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1000 });
    const end = (answer: boolean) => () => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('connect', end(true)).on('error', end(false)).on('timeout', end(false));
  });
}

/** Runs tests that need all of the servers; says which one is not there where that is allowed. */
export async function describeWithServers(name: string, tests: () => void): Promise<void> {
  if (process.env.REQUIRE_SERVICES !== '1') {
    for (const server of ['RabbitMQ', 'PostgreSQL', 'Redis'] as const) {
      const { hostname } = servers[server];
      if (await answers(hostname, portOf(server))) continue;
      describe(name, () => {
        test.skip(`needs a ${server} server at ${hostname}:${portOf(server)}`, () => {});
      });
      return;
    }
  }
  describe(name, tests);
}

export interface SharedEngines {
  /** What a process needs in its environment to use them. */
  readonly env: Readonly<Record<string, string>>;
  /** Removes the database, the queues and the keys. */
  remove(): Promise<void>;
}

export async function createSharedEngines(): Promise<SharedEngines> {
  const name = `streamflow_test_${randomUUID().replaceAll('-', '')}`;
  await onDatabaseServer(`create database ${name}`);
  const database = new URL(servers.PostgreSQL);
  database.pathname = `/${name}`;
  return {
    env: {
      DATABASE_URL: database.href,
      RABBITMQ_URL: servers.RabbitMQ.href,
      RABBITMQ_PREFIX: `${name}.`,
      REDIS_URL: servers.Redis.href,
      REDIS_PREFIX: `${name}:`,
      JWT_SECRET_KEY: randomUUID() + randomUUID(),
    },
    async remove() {
      await onDatabaseServer(`drop database ${name} with (force)`);
      await removeTopology(`${name}.`);
      await removeKeys(`${name}:`);
    },
  };
}

async function onDatabaseServer(sql: string): Promise<void> {
  const client = new pg.Client(servers.PostgreSQL.href);
  await client.connect();
  await client.query(sql);
  await client.end();
}

async function removeTopology(prefix: string): Promise<void> {
  const connection = new Connection(servers.RabbitMQ.href);
  for (const queue of ['events.storage', 'events.analytics', 'events.dead', 'events.analytics.dropped'])
    await connection.queueDelete({ queue: prefix + queue });
  for (const exchange of ['events', 'analytics', 'alerts', 'events.dlx', 'events.dropped'])
    await connection.exchangeDelete({ exchange: prefix + exchange });
  await connection.close();
}

async function removeKeys(prefix: string): Promise<void> {
  const client = await createClient({ url: servers.Redis.href }).connect();
  for await (const keys of client.scanIterator({ MATCH: `${prefix}*` }))
    if (keys.length > 0) await client.del(keys);
  await client.close();
}
