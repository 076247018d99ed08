import type { Cluster } from '../cluster.ts';
import type { OwnServer } from '../servers/own-server.ts';
import { now, until, wait } from '../timing.ts';
import { beyondPublishTimeoutMs, type Consequence, type Fault } from './fault.ts';

type ServerOf = (cluster: Cluster) => OwnServer | null;

function serverFault(
  name: string,
  serverOf: ServerOf,
  options: Pick<Fault, 'shapes' | 'brings' | 'short' | 'lastingSeconds'>,
  hurt: (server: OwnServer, lastingMs: number) => Promise<void>,
): Fault {
  return {
    name,
    ...options,
    async run({ cluster, lastingMs }) {
      const server = serverOf(cluster);
      if (server === null) throw new Error(`The shape has no server for: ${name}`);
      await hurt(server, lastingMs);
      return { liftedAt: now() };
    },
  };
}

const broker: ServerOf = ({ rabbitmq }) => rabbitmq;
const database: ServerOf = ({ postgres }) => postgres;
const withBroker = ['rabbitmq', 'servers'] as const;
const lost: readonly Consequence[] = ['unanswered', 'reconnected'];

async function restart(server: OwnServer): Promise<void> {
  await server.stop();
  await server.start();
}

async function killAndStart(server: OwnServer): Promise<void> {
  await server.kill9();
  await server.start();
}

async function stopFor(server: OwnServer, ms: number): Promise<void> {
  await server.stop();
  await wait(ms);
  await server.start();
}

async function freezeFor(server: OwnServer, ms: number): Promise<void> {
  server.freeze();
  try {
    await wait(Math.max(ms, beyondPublishTimeoutMs));
  } finally {
    server.thaw();
  }
}

const memoryAlarm: Fault = {
  name: 'memory alarm of the broker',
  shapes: withBroker,
  brings: ['unanswered'],
  async run({ cluster: { rabbitmq }, load, lastingMs }) {
    if (rabbitmq === null) throw new Error('The shape has no broker');
    const before = load.state().answered503;
    await rabbitmq.setMemoryAlarm(true);
    await wait(lastingMs);
    const answered = load.state().answered503 - before;
    await rabbitmq.setMemoryAlarm(false);
    return {
      liftedAt: now(),
      remarks: [`${answered} requests answered 503`],
      problems: answered === 0 ? ['no request was answered 503 while the broker took nothing'] : [],
    };
  },
};

const redisStopped: Fault = {
  name: 'Redis stopped',
  shapes: ['servers'],
  brings: [],
  async run({ cluster, load, lastingMs }) {
    const { redis } = cluster;
    if (redis === null) throw new Error('The shape has no Redis');
    const alone = (): number =>
      cluster.having('ingestion').filter((replica) => replica.gauge('streamflow_rate_limiter_fallback') === 1)
        .length;
    const before = load.state().acknowledged;
    await redis.stop();
    const noticed = await until(20_000, () => alone() === cluster.having('ingestion').length);
    await wait(lastingMs);
    const acknowledged = load.state().acknowledged - before;
    await redis.start();
    const back = await until(30_000, () => alone() === 0);
    return {
      liftedAt: now(),
      remarks: [`${acknowledged} events acknowledged without it`],
      problems: [
        ...(noticed ? [] : ['a replica did not say that it limits by itself']),
        ...(back ? [] : ['a replica did not come back to Redis']),
        ...(acknowledged > 0 ? [] : ['nothing was accepted without Redis']),
      ],
    };
  },
};

export const serverFaults: readonly Fault[] = [
  serverFault('broker restarted', broker, { shapes: withBroker, brings: lost }, restart),
  serverFault(
    'kill -9 of the broker',
    broker,
    { shapes: withBroker, brings: lost, short: ['servers'] },
    killAndStart,
  ),
  serverFault('broker frozen (SIGSTOP)', broker, { shapes: withBroker, brings: ['unanswered'] }, freezeFor),
  memoryAlarm,
  serverFault(
    'PostgreSQL stopped',
    database,
    { shapes: ['servers'], brings: [], short: ['servers'], lastingSeconds: 60 },
    stopFor,
  ),
  serverFault('PostgreSQL frozen (SIGSTOP)', database, { shapes: ['servers'], brings: [] }, freezeFor),
  serverFault('kill -9 of PostgreSQL', database, { shapes: ['servers'], brings: [] }, killAndStart),
  redisStopped,
];
