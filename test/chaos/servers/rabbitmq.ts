import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../free-port.ts';
import { type OwnedProcess, startProcess } from '../owned-process.ts';
import { until } from '../timing.ts';
import type { OwnServer } from './own-server.ts';

const programs = '/usr/lib/rabbitmq/bin';
const startDeadlineMs = 240_000;

export const hasRabbitmq = (): boolean => existsSync(`${programs}/rabbitmq-server`);

export interface BrokerCounters {
  /** Which start of the broker they belong to: each begins at zero. */
  readonly start: number;
  readonly redelivered: number;
  readonly opened: number;
}

export interface OwnRabbitmq extends OwnServer {
  /** Lets memory count as used up, so that the broker blocks publishers; or as before. */
  setMemoryAlarm(on: boolean): Promise<void>;
  /** Messages delivered a second time, and connections opened, since this incarnation started; null when away. */
  counters(): Promise<BrokerCounters | null>;
  readonly url: string;
  /** Connections that the run itself has made, and that are nobody's who lost one. */
  ownConnections: number;
}

/**
 * A broker with a node name, ports, a port mapper and a directory of its own, so that it shares nothing with another
 * one on this machine and can be killed.
 */
export async function createRabbitmq(directory: string): Promise<OwnRabbitmq> {
  const home = join(directory, 'home');
  await mkdir(home, { recursive: true });
  const [amqp, metrics, epmd, dist, ctl] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  await writeFile(join(directory, 'plugins'), '[rabbitmq_prometheus].\n');
  await writeFile(
    join(directory, 'rabbitmq.conf'),
    `listeners.tcp.default = 127.0.0.1:${amqp}\nprometheus.tcp.ip = 127.0.0.1\nprometheus.tcp.port = ${metrics}\n`,
  );
  const env = {
    PATH: process.env.PATH,
    HOME: home,
    ERL_EPMD_PORT: String(epmd),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_CONF_ENV_FILE: '/dev/null',
    RABBITMQ_NODENAME: `streamflow-chaos-${process.pid}-${amqp}@localhost`,
    RABBITMQ_DIST_PORT: String(dist),
    RABBITMQ_CTL_DIST_PORT_MIN: String(ctl),
    RABBITMQ_CTL_DIST_PORT_MAX: String(ctl + 20),
    RABBITMQ_MNESIA_BASE: join(directory, 'mnesia'),
    RABBITMQ_LOG_BASE: join(directory, 'log'),
    RABBITMQ_CONFIG_FILE: join(directory, 'rabbitmq.conf'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(directory, 'plugins'),
    RABBITMQ_PID_FILE: join(directory, 'pid'),
    // The script then becomes the broker instead of waiting for it, so that its pid is the broker's.
    RABBITMQ_ALLOW_INPUT: '1',
    RABBITMQ_SERVER_START_ARGS: '-noinput',
  };
  const outputFile = join(directory, 'output');
  let mapper: OwnedProcess | null = null;
  let broker: OwnedProcess | null = null;
  let starts = 0;
  const control = (...args: string[]): Promise<unknown> =>
    promisify(execFile)(`${programs}/rabbitmqctl`, args, { env, timeout: 60_000 });

  return {
    name: 'RabbitMQ',
    port: amqp,
    ownConnections: 0,
    url: `amqp://guest:guest@127.0.0.1:${amqp}`,
    async start() {
      mapper ??= startProcess('epmd', ['-port', String(epmd)], {
        env,
        logFile: join(directory, 'epmd-output'),
      });
      await writeFile(outputFile, '');
      const started = startProcess(`${programs}/rabbitmq-server`, [], { env, logFile: outputFile });
      broker = started;
      starts += 1;
      const isUp = await until(startDeadlineMs, async () => {
        if (started.hasExited()) return true;
        return (await readFile(outputFile, 'utf8')).includes('completed with');
      });
      if (!isUp || started.hasExited()) {
        throw new Error(`RabbitMQ does not start:\n${await readFile(outputFile, 'utf8')}`);
      }
    },
    async stop() {
      await broker?.end('SIGTERM', 30_000);
    },
    async kill9() {
      await broker?.end('SIGKILL', 1000);
    },
    freeze: () => broker?.signal('SIGSTOP'),
    thaw: () => broker?.signal('SIGCONT'),
    async setMemoryAlarm(on) {
      await control('set_vm_memory_high_watermark', on ? '0.000001' : '0.4');
    },
    async counters() {
      const start = starts;
      const answer = await fetch(`http://127.0.0.1:${metrics}/metrics`).catch(() => null);
      if (answer?.status !== 200) return null;
      const text = await answer.text();
      const sum = (name: string): number =>
        [...text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))].reduce(
          (total, [, value]) => total + Number(value),
          0,
        );
      return {
        start,
        redelivered: sum('rabbitmq_global_messages_redelivered_total'),
        opened: sum('rabbitmq_connections_opened_total'),
      };
    },
    async close() {
      await broker?.end('SIGKILL', 1000);
      await mapper?.end('SIGKILL', 1000);
    },
  };
}
