// Servers that the benchmarks on servers share, and the part of each that belongs to one run alone.
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import pg from 'pg';
import { topologyOf } from '../../packages/server/dist/engines/bus/rabbitmq/topology.js';

const amqp = createRequire(import.meta.resolve('@streamflow/server/package.json'))('amqplib');
const mebibyte = 1024 * 1024;

const rabbitmqUrl = process.env.RABBITMQ_URL ?? 'amqp://guest:guest@127.0.0.1:5672';
const databaseUrl = process.env.DATABASE_URL ?? 'postgresql://root@127.0.0.1:5432/postgres';

/** What the product declares on a broker, under another prefix. */
export const topologyUnder = (prefix) =>
  topologyOf({
    prefix,
    exchanges: { events: 'events', analytics: 'analytics', alerts: 'alerts' },
    storageMaxBatches: 100_000,
    storageMaxBytes: 4096 * mebibyte,
    analyticsMaxBytes: 256 * mebibyte,
    deadLettersMaxBytes: 256 * mebibyte,
    deliveryLimit: 10_000,
  });

/** A database, and a prefix on the broker, for one run. */
export async function createEngines() {
  const name = `streamflow_bench_${randomUUID().replaceAll('-', '')}`;
  const server = new pg.Client(databaseUrl);
  await server.connect();
  await server.query(`create database ${name}`);
  const url = new URL(databaseUrl);
  url.pathname = `/${name}`;
  const client = new pg.Client(url.href);
  await client.connect();
  return {
    /** The environment of a process that uses them. */
    environment: {
      DATABASE_URL: url.href,
      RABBITMQ_URL: rabbitmqUrl,
      RABBITMQ_PREFIX: `${name}.`,
      JWT_SECRET_KEY: randomUUID() + randomUUID(),
    },
    /** A client of `pg` on the database. */
    client,
    raw: { url: rabbitmqUrl, prefix: `${name}.raw.` },
    async remove() {
      await client.end();
      await server.query(`drop database ${name} with (force)`);
      await server.end();
      for (const prefix of [`${name}.`, `${name}.raw.`]) await removeTopology(prefix);
    },
  };
}

/** Declares what the product declares. `channel` is one of amqplib. */
export async function declareTopology(channel, { exchanges, queues, bindings }) {
  for (const { exchange, type, durable } of exchanges)
    await channel.assertExchange(exchange, type, { durable });
  for (const { queue, durable, arguments: options } of queues)
    await channel.assertQueue(queue, { durable, arguments: options });
  for (const { queue, exchange, routingKey } of bindings)
    await channel.bindQueue(queue, exchange, routingKey);
}

async function removeTopology(prefix) {
  const connection = await amqp.connect(rabbitmqUrl);
  const channel = await connection.createChannel();
  const { exchanges, queues } = topologyUnder(prefix);
  for (const { queue } of queues) await channel.deleteQueue(queue);
  for (const { exchange } of exchanges) await channel.deleteExchange(exchange);
  await connection.close();
}
