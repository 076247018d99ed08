import { hasPostgres } from './servers/postgres.ts';
import { hasRabbitmq } from './servers/rabbitmq.ts';
import { hasRedis } from './servers/redis.ts';

/* What is started, as data. */

export const serviceNames = ['ingestion', 'analytics', 'alerting', 'dashboard', 'storage'] as const;
export type ServiceName = (typeof serviceNames)[number];

export type ServerName = 'rabbitmq' | 'postgres' | 'redis';

export type ShapeName = 'embedded' | 'small-disk' | 'rabbitmq' | 'servers';

export interface ReplicaSpec {
  readonly name: string;
  readonly services: readonly ServiceName[];
}

export interface Shape {
  readonly name: ShapeName;
  readonly description: string;
  readonly replicas: readonly ReplicaSpec[];
  readonly servers: readonly ServerName[];
  /** How what is stored is read back: by SQL past all of our code, or by the export where the engine is inside. */
  readonly readBack: 'sql' | 'export';
  /** Megabytes of a disk of its own for the data, which can be filled. */
  readonly diskMegabytes?: number;
}

const everything: ReplicaSpec = { name: 'all', services: serviceNames };

export const shapes: Readonly<Record<ShapeName, Shape>> = {
  embedded: {
    name: 'embedded',
    description: 'one process on the embedded engines',
    replicas: [everything],
    servers: [],
    readBack: 'export',
  },
  'small-disk': {
    name: 'small-disk',
    description: 'one process on the embedded engines, its data on a small tmpfs',
    replicas: [everything],
    servers: [],
    readBack: 'export',
    diskMegabytes: 256,
  },
  rabbitmq: {
    name: 'rabbitmq',
    description: 'one process, RabbitMQ as the bus, the other engines embedded',
    replicas: [everything],
    servers: ['rabbitmq'],
    readBack: 'export',
  },
  servers: {
    name: 'servers',
    description: 'each service a process of its own, on RabbitMQ, PostgreSQL and Redis',
    replicas: [
      { name: 'ingestion-1', services: ['ingestion'] },
      { name: 'ingestion-2', services: ['ingestion'] },
      { name: 'storage-1', services: ['storage'] },
      { name: 'storage-2', services: ['storage'] },
      { name: 'analytics', services: ['analytics'] },
      { name: 'alerting', services: ['alerting'] },
      { name: 'dashboard', services: ['dashboard'] },
    ],
    servers: ['rabbitmq', 'postgres', 'redis'],
    readBack: 'sql',
  },
};

export const isShapeName = (name: string): name is ShapeName => Object.hasOwn(shapes, name);

/** Which programs of the servers are not on this machine. */
export function missingServers(shape: Shape): readonly ServerName[] {
  const has = { rabbitmq: hasRabbitmq, postgres: hasPostgres, redis: hasRedis };
  return shape.servers.filter((server) => !has[server]());
}
