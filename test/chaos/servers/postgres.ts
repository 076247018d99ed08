import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { freePort } from '../free-port.ts';
import { descendantsOf, type OwnedProcess, quietlySignal, startProcess } from '../owned-process.ts';
import { until } from '../timing.ts';
import type { OwnServer } from './own-server.ts';

const versions = '/usr/lib/postgresql';
const startDeadlineMs = 240_000;

export const hasPostgres = (): boolean => programs() !== null;

function programs(): string | null {
  if (!existsSync(versions)) return null;
  const [latest] = readdirSync(versions).sort((one, other) => Number(other) - Number(one));
  return latest === undefined ? null : join(versions, latest, 'bin');
}

export interface OwnPostgres extends OwnServer {
  readonly user: string;
  readonly database: string;
}

/** A cluster of its own. PostgreSQL refuses to run as root, so that root lends it the account that its package made. */
export async function createPostgres(directory: string): Promise<OwnPostgres> {
  const bin = programs();
  if (bin === null) throw new Error('There are no programs of PostgreSQL');
  const account = process.getuid?.() === 0 ? accountOf('postgres') : null;
  const data = join(directory, 'data');
  await mkdir(directory, { recursive: true });
  if (account !== null) await chown(directory, account.uid, account.gid);
  const env = { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' };
  await promisify(execFile)(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'streamflow', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8'],
    { ...account, env, cwd: directory },
  );
  const port = await freePort();
  let server: OwnedProcess | null = null;
  let children: readonly number[] = [];

  return {
    name: 'PostgreSQL',
    port,
    user: 'streamflow',
    database: 'postgres',
    async start() {
      const started = startProcess(
        join(bin, 'postgres'),
        ['-D', data, '-p', String(port), '-k', directory, '-c', 'listen_addresses=127.0.0.1'],
        { ...account, env, cwd: directory, logFile: join(directory, 'output') },
      );
      server = started;
      const isUp = await until(startDeadlineMs, async () => started.hasExited() || (await answers(port)));
      if (!isUp || started.hasExited()) throw new Error('PostgreSQL does not start');
    },
    async stop() {
      // "Fast": ends the sessions instead of waiting for them.
      await server?.end('SIGINT', 30_000);
    },
    async kill9() {
      const orphans = server === null ? [] : descendantsOf(server.pid);
      await server?.end('SIGKILL', 1000);
      // They end by themselves when they see it; a new server cannot start before.
      for (const pid of orphans) quietlySignal(pid, 'SIGKILL');
    },
    freeze() {
      if (server === null) return;
      children = descendantsOf(server.pid);
      server.signal('SIGSTOP');
      for (const pid of children) quietlySignal(pid, 'SIGSTOP');
    },
    thaw() {
      for (const pid of children) quietlySignal(pid, 'SIGCONT');
      server?.signal('SIGCONT');
    },
    async close() {
      await server?.end('SIGINT', 10_000);
    },
  };
}

async function answers(port: number): Promise<boolean> {
  const client = new Client({ host: '127.0.0.1', port, user: 'streamflow', database: 'postgres' });
  client.on('error', () => {});
  try {
    await client.connect();
    return true;
  } catch {
    // Not yet: it refuses connections while it starts and while it recovers.
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

function accountOf(name: string): { uid: number; gid: number } {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) throw new Error(`There is no account ${name}`);
  return { uid: Number(uid), gid: Number(gid) };
}
