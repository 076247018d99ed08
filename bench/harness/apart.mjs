// Services as processes of their own, on servers that they share.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './server.mjs';

const bin = fileURLToPath(new URL('../../packages/server/bin/streamflow.mjs', import.meta.url));

/** Ingestion and storage, each in a process of its own, with an API key that may ingest and read. */
export async function startApart(environment) {
  const directory = await mkdtemp(join(tmpdir(), 'streamflow-bench-'));
  const ports = { ingestion: await freePort(), storage: await freePort() };
  const env = {
    ...process.env,
    STREAMFLOW_DATA_DIR: directory,
    STREAMFLOW_ADMIN_EMAIL: 'bench@example.com',
    STREAMFLOW_ADMIN_PASSWORD: 'bench-password-of-length',
    INGESTION_PORT: String(ports.ingestion),
    STORAGE_PORT: String(ports.storage),
    PROMETHEUS_ENABLED: 'false',
    RATE_LIMIT_KEY_REQUESTS_PER_MINUTE: '100000000',
    RATE_LIMIT_DASHBOARD_PER_MINUTE: '100000000',
    LOG_LEVEL: 'WARNING',
    ...environment,
  };
  const url = (service) => `http://127.0.0.1:${ports[service]}`;
  const running = new Map();

  async function start(service) {
    const child = spawn(bin, ['start', service], {
      env,
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const exited = once(child, 'exit');
    running.set(service, { child, exited });
    const begun = performance.now();
    while ((await fetch(`${url(service)}/ready`).catch(() => undefined))?.status !== 200) {
      if (child.exitCode !== null) throw new Error(`${service} ended before it was ready`);
      if (performance.now() - begun > 60_000) throw new Error(`${service} was not ready within 60 s`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async function stop(service) {
    const { child, exited } = running.get(service);
    running.delete(service);
    child.kill('SIGTERM');
    await exited;
  }

  async function createKey() {
    const words = ['key', 'create', 'bench', '--scope', 'ingest', '--scope', 'read'];
    const child = spawn(bin, words, { env, stdio: ['ignore', 'pipe', 'ignore'] });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`key create ended with ${code}`);
    return output.trim();
  }

  const end = async () => {
    for (const service of [...running.keys()]) await stop(service);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await start('ingestion');
    await start('storage');
    return {
      ports,
      url,
      key: await createKey(),
      start,
      stop,
      end,
      /** One figure of a service, by its name and labels as they are shown. */
      async metric(service, name) {
        const text = await (await fetch(`${url(service)}/metrics`)).text();
        const row = text.split('\n').find((each) => each.startsWith(`${name} `));
        if (row === undefined) throw new Error(`${service} does not show ${name}`);
        return Number(row.slice(name.length + 1));
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}
