import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ServiceName } from '@streamflow/contracts';
import { serviceNames } from '@streamflow/contracts';

const program = fileURLToPath(new URL('../../packages/server/bin/streamflow.mjs', import.meta.url));

export const administrator = { username: 'admin@example.com', password: 'a long enough password' };

export type Ports = Readonly<Record<ServiceName, number>>;

export interface ServerProcess {
  readonly pid: number;
  readonly ports: Ports;
  url(service: ServiceName, path: string): string;
  /** Everything that it printed so far. */
  output(): string;
  /** Resolves with the exit code; null when a signal ended it. */
  readonly exited: Promise<number | null>;
  /** Ends it as a power cut would, as far as the process can tell. */
  kill9(): Promise<void>;
  /** Asks it to stop, and resolves with the exit code. */
  stop(): Promise<number | null>;
}

export interface StartOptions {
  readonly dataDirectory: string;
  readonly ports: Ports;
  readonly env?: Readonly<Record<string, string>>;
  /** Those that the process runs; all of them unless given. */
  readonly services?: readonly ServiceName[];
}

/** A directory of its own for one test. */
export async function temporaryDirectory(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'streamflow-acceptance-'));
  return { path, remove: () => rm(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }) };
}

/** Ports that were free a moment ago, all of them different. */
export async function freePorts(): Promise<Ports> {
  const servers = serviceNames.map(() => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const [ingestion = 0, analytics = 0, alerting = 0, dashboard = 0, storage = 0] = servers.map((server) => {
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return { ingestion, analytics, alerting, dashboard, storage };
}

/** Starts `streamflow start` as a user would, with nothing of our own environment but the path. */
export function spawnServer({ dataDirectory, ports, env = {}, services = [] }: StartOptions): ServerProcess {
  const child = spawn(process.execPath, [program, 'start', ...services], {
    // Nobody's config.yaml but the test's.
    cwd: dataDirectory,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      STREAMFLOW_DATA_DIR: dataDirectory,
      STREAMFLOW_ADMIN_EMAIL: administrator.username,
      STREAMFLOW_ADMIN_PASSWORD: administrator.password,
      HOST: '127.0.0.1',
      ...Object.fromEntries(serviceNames.map((name) => [`${name.toUpperCase()}_PORT`, String(ports[name])])),
      PROMETHEUS_ENABLED: 'false',
      RATE_LIMIT_ENABLED: 'false',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      output += text;
    });
  }
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    // `close` and not `exit`: by then all of the output is there.
    child.once('close', (code) => resolve(code));
  });
  return {
    pid: child.pid ?? 0,
    ports,
    url: (service, path) => `http://127.0.0.1:${ports[service]}${path}`,
    output: () => output,
    exited,
    async kill9() {
      child.kill('SIGKILL');
      await exited;
    },
    stop: () => stopChild(child, exited),
  };
}

/** Runs one command to its end, and resolves with its exit code and what it printed. */
export async function runCommand(
  words: readonly string[],
  { dataDirectory, env = {} }: Pick<StartOptions, 'dataDirectory' | 'env'>,
): Promise<{ readonly code: number | null; readonly output: string; readonly notes: string }> {
  const child = spawn(process.execPath, [program, ...words], {
    cwd: dataDirectory,
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      STREAMFLOW_DATA_DIR: dataDirectory,
      STREAMFLOW_ADMIN_EMAIL: administrator.username,
      STREAMFLOW_ADMIN_PASSWORD: administrator.password,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let notes = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    notes += text;
  });
  const [code]: (number | null)[] = await once(child, 'close');
  return { code: code ?? null, output, notes };
}

/** Longer than any promise about stopping: whoever needs it has failed. */
const stopDeadlineMs = 28_000;

async function stopChild(child: ChildProcess, exited: Promise<number | null>): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return exited;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopDeadlineMs);
  try {
    return await exited;
  } finally {
    clearTimeout(timer);
  }
}

/** Starts the server and waits until each of its services says that it is ready. */
export async function startServer(options: StartOptions): Promise<ServerProcess> {
  const server = spawnServer(options);
  // A first run may have to build.
  const deadline = Date.now() + 60_000;
  for (const service of options.services ?? serviceNames) {
    while (!(await isReady(server.url(service, '/ready')))) {
      const ended = await Promise.race([server.exited.then(() => true), wait(50).then(() => false)]);
      if (ended || Date.now() > deadline) {
        await server.kill9();
        throw new Error(`${service} did not become ready; the server printed:\n${server.output()}`);
      }
    }
  }
  return server;
}

async function isReady(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url);
    await answer.body?.cancel();
    return answer.status === 200;
  } catch {
    // Not listening yet.
    return false;
  }
}

export const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
