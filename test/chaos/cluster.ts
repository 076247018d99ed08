import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { jsonOf } from './answers.ts';
import { freePort } from './free-port.ts';
import { Replica } from './replica.ts';
import type { OwnServer } from './servers/own-server.ts';
import { createPostgres, type OwnPostgres } from './servers/postgres.ts';
import { type BrokerCounters, createRabbitmq, type OwnRabbitmq } from './servers/rabbitmq.ts';
import { createRedis } from './servers/redis.ts';
import { type ServiceName, type Shape, serviceNames } from './shapes.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
import { wait } from './timing.ts';

/** Who is connected to what through a proxy of its own. */
export type LinkName = `${'ingestion' | 'storage' | 'others'}–${'broker' | 'database' | 'redis'}`;

export interface Cluster {
  readonly shape: Shape;
  readonly replicas: readonly Replica[];
  readonly rabbitmq: OwnRabbitmq | null;
  readonly postgres: OwnPostgres | null;
  readonly redis: OwnServer | null;
  readonly links: ReadonlyMap<LinkName, TcpProxy>;
  /** An API key that may ingest and read. */
  readonly key: string;
  having(service: ServiceName): readonly Replica[];
  /** A counter, over all replicas and all processes that they were. */
  counted(metric: string): number;
  /** Connections to the broker that were opened, over its incarnations; as last seen. */
  brokerOpened(): number;
  /** Messages that the broker delivered once more; as last seen. */
  brokerRedelivered(): number;
  /** Asks every process to end, and tells which did not end well. */
  stop(): Promise<readonly string[]>;
  /** Ends everything at once. */
  abandon(): Promise<void>;
}

export interface ClusterOptions {
  readonly shape: Shape;
  readonly program: string;
  /** For the logs, the servers and, unless `dataDirectory` is given, the data. */
  readonly directory: string;
  readonly dataDirectory?: string;
  readonly env?: Readonly<Record<string, string>>;
}

const administrator = { username: 'chaos@example.com', password: 'a password for the fault run' };
const startDeadlineMs = 180_000;
const scrapeMs = 250;

/** Starts the servers, a proxy for each link, and the replicas. A failed start leaves nothing running. */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { shape, directory } = options;
  await mkdir(directory, { recursive: true });
  // The account of PostgreSQL has to pass through it to what is its own.
  await chmod(directory, 0o711);
  const servers: OwnServer[] = [];
  const links = new Map<LinkName, TcpProxy>();
  const replicas: Replica[] = [];
  let ended = false;

  const abandon = async (): Promise<void> => {
    ended = true;
    await Promise.all(replicas.map((replica) => replica.abandon()));
    await Promise.all([...links.values()].map((link) => link.close()));
    await Promise.all(servers.map((server) => server.close()));
  };

  try {
    const has = (name: Shape['servers'][number]): boolean => shape.servers.includes(name);
    const rabbitmq = has('rabbitmq') ? await createRabbitmq(join(directory, 'rabbitmq')) : null;
    const postgres = has('postgres') ? await createPostgres(join(directory, 'postgres')) : null;
    const redis = has('redis') ? await createRedis(join(directory, 'redis')) : null;
    for (const server of [rabbitmq, postgres, redis]) if (server !== null) servers.push(server);
    await Promise.all(servers.map((server) => server.start()));

    const linkOf = async (name: LinkName, port: number): Promise<number> => {
      const link = links.get(name) ?? (await startTcpProxy(port));
      links.set(name, link);
      return link.port;
    };
    for (const spec of shape.replicas) {
      const [only] = spec.services;
      const who = only === 'ingestion' || only === 'storage' ? only : 'others';
      const side = spec.services.length > 1 ? 'ingestion' : who;
      const env: Record<string, string> = {};
      if (rabbitmq !== null)
        env.RABBITMQ_URL = `amqp://guest:guest@127.0.0.1:${await linkOf(`${side}–broker`, rabbitmq.port)}`;
      if (postgres !== null) {
        const port = await linkOf(`${side}–database`, postgres.port);
        env.DATABASE_URL = `postgresql://${postgres.user}@127.0.0.1:${port}/${postgres.database}`;
      }
      if (redis !== null) env.REDIS_URL = `redis://127.0.0.1:${await linkOf(`${side}–redis`, redis.port)}`;
      replicas.push(
        new Replica({
          spec,
          program: options.program,
          directory,
          dataDirectory: options.dataDirectory ?? join(directory, `data-${spec.name}`),
          ports: await portsOf(),
          env: {
            STREAMFLOW_ADMIN_EMAIL: administrator.username,
            STREAMFLOW_ADMIN_PASSWORD: administrator.password,
            JWT_SECRET_KEY: 'the signing secret of the fault run, for nobody else',
            RATE_LIMIT_REQUESTS_PER_MINUTE: '100000000',
            RATE_LIMIT_KEY_REQUESTS_PER_MINUTE: '100000000',
            RATE_LIMIT_DASHBOARD_PER_MINUTE: '100000000',
            RATE_LIMIT_WEBSOCKETS_PER_IP: '1000',
            ...env,
            ...options.env,
          },
        }),
      );
    }
    // All at once: replicas that migrate the same database together are part of the promise.
    await Promise.all(replicas.map((replica) => replica.start()));
    for (const replica of replicas) {
      if (await replica.ready(startDeadlineMs)) continue;
      throw new Error(`${replica.spec.name} does not become ready:\n${replica.lastWords()}`);
    }
    const having = (service: ServiceName): readonly Replica[] =>
      replicas.filter((replica) => replica.spec.services.includes(service));
    const broker = countBroker(rabbitmq);
    void (async () => {
      while (!ended) {
        await Promise.all([...replicas.map((replica) => replica.scrape()), broker.scrape()]);
        await wait(scrapeMs);
      }
    })();
    return {
      shape,
      replicas,
      rabbitmq,
      postgres,
      redis,
      links,
      key: await makeKey(having('dashboard')),
      having,
      counted: (metric) => replicas.reduce((sum, replica) => sum + replica.counted(metric), 0),
      brokerOpened: broker.opened,
      brokerRedelivered: broker.redelivered,
      async stop() {
        const exits = await Promise.all(replicas.map((replica) => replica.stop()));
        return exits.flatMap((exit, index) =>
          exit === null || exit.code === 0
            ? []
            : [`${replicas[index]?.spec.name} ended with ${exit.signal ?? exit.code}`],
        );
      },
      abandon,
    };
  } catch (error) {
    await abandon();
    throw error;
  }
}

async function portsOf(): Promise<Record<ServiceName, number>> {
  const [ingestion = 0, analytics = 0, alerting = 0, dashboard = 0, storage = 0] = await Promise.all(
    serviceNames.map(() => freePort()),
  );
  return { ingestion, analytics, alerting, dashboard, storage };
}

async function makeKey([dashboard]: readonly Replica[]): Promise<string> {
  if (dashboard === undefined) throw new Error('The shape has no dashboard to make a key');
  const json = { 'content-type': 'application/json' };
  const login = await fetch(dashboard.url('dashboard', '/auth/login'), {
    method: 'POST',
    headers: json,
    body: JSON.stringify(administrator),
  });
  if (login.status !== 200) throw new Error(`Sign-in answered ${login.status}: ${await login.text()}`);
  const { access_token: token } = await jsonOf<{ access_token: string }>(login);
  const created = await fetch(dashboard.url('dashboard', '/api-keys'), {
    method: 'POST',
    headers: { ...json, authorization: `Bearer ${token}` },
    body: JSON.stringify({ name: 'fault run', scopes: ['ingest', 'read'] }),
  });
  if (created.status !== 201)
    throw new Error(`Making a key answered ${created.status}: ${await created.text()}`);
  const { data } = await jsonOf<{ data: { key: string } }>(created);
  return data.key;
}

/** Adds up the broker's counters over its starts; those of a start are as they were last seen. */
function countBroker(rabbitmq: OwnRabbitmq | null): {
  scrape(): Promise<void>;
  opened(): number;
  redelivered(): number;
} {
  const seen = new Map<number, BrokerCounters>();
  const sum = (of: (counters: BrokerCounters) => number): number =>
    [...seen.values()].reduce((total, counters) => total + of(counters), 0);
  return {
    async scrape() {
      const counters = (await rabbitmq?.counters()) ?? null;
      if (counters !== null) seen.set(counters.start, counters);
    },
    opened: () => sum(({ opened }) => opened),
    redelivered: () => sum(({ redelivered }) => redelivered),
  };
}
