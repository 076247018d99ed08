import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../free-port.ts';
import { type OwnedProcess, startProcess } from '../owned-process.ts';
import { until } from '../timing.ts';
import type { OwnServer } from './own-server.ts';

const program = '/usr/bin/redis-server';

export const hasRedis = (): boolean => existsSync(program);

export async function createRedis(directory: string): Promise<OwnServer> {
  await mkdir(directory, { recursive: true });
  const port = await freePort();
  let server: OwnedProcess | null = null;
  return {
    name: 'Redis',
    port,
    async start() {
      const started = startProcess(
        program,
        ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', ''],
        { cwd: directory, logFile: join(directory, 'output') },
      );
      server = started;
      const isUp = await until(20_000, async () => started.hasExited() || (await listens(port)));
      if (!isUp || started.hasExited()) throw new Error('Redis does not start');
    },
    stop: async () => void (await server?.end('SIGTERM', 10_000)),
    kill9: async () => void (await server?.end('SIGKILL', 1000)),
    freeze: () => server?.signal('SIGSTOP'),
    thaw: () => server?.signal('SIGCONT'),
    close: async () => void (await server?.end('SIGKILL', 1000)),
  };
}

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
