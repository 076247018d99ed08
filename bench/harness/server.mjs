import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bin = fileURLToPath(new URL('../../packages/server/bin/streamflow.mjs', import.meta.url));
const bare = fileURLToPath(new URL('./bare-http-process.mjs', import.meta.url));

export async function freePort() {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** The bare node:http ceiling in a process of its own. */
export async function startBareHttp() {
  const child = spawn(process.execPath, [bare], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  const { port } = JSON.parse(line);
  return {
    port,
    async stop() {
      child.stdin.end();
      await once(child, 'exit');
    },
  };
}

/**
 * A StreamFlow server in a process of its own, on free ports. With rate limiting on, its limits out of the way; with an
 * API key that may ingest and read. `directory` is kept when it is given.
 */
export async function startServer({ directory, nodeArguments = [], environment = {} } = {}) {
  const data = directory ?? (await mkdtemp(join(tmpdir(), 'streamflow-bench-')));
  const ports = {};
  for (const name of ['ingestion', 'analytics', 'alerting', 'dashboard', 'storage'])
    ports[name] = await freePort();
  const env = {
    ...process.env,
    STREAMFLOW_DATA_DIR: data,
    STREAMFLOW_ADMIN_EMAIL: 'bench@example.com',
    STREAMFLOW_ADMIN_PASSWORD: 'bench-password-of-length',
    INGESTION_PORT: String(ports.ingestion),
    ANALYTICS_PORT: String(ports.analytics),
    ALERTING_PORT: String(ports.alerting),
    DASHBOARD_PORT: String(ports.dashboard),
    STORAGE_PORT: String(ports.storage),
    PROMETHEUS_ENABLED: 'false',
    RATE_LIMIT_KEY_REQUESTS_PER_MINUTE: '100000000',
    RATE_LIMIT_DASHBOARD_PER_MINUTE: '100000000',
    LOG_LEVEL: 'WARNING',
    ...environment,
  };
  const begun = performance.now();
  // As it is installed, unless Node is to be told something.
  const [program, ...args] = nodeArguments.length === 0 ? [bin] : [process.execPath, ...nodeArguments, bin];
  const child = spawn(program, [...args, 'start'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  let exited = false;
  child.once('exit', () => {
    exited = true;
  });
  const url = (service) => `http://127.0.0.1:${ports[service]}`;
  for (const service of Object.keys(ports)) {
    for (;;) {
      if (exited) throw new Error('The server ended before it was ready');
      const answer = await fetch(`${url(service)}/ready`).catch(() => undefined);
      if (answer?.status === 200) break;
      if (performance.now() - begun > 60_000) throw new Error('The server was not ready within 60 s');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  const readyMs = performance.now() - begun;
  const request = async (service, path, init = {}) => {
    const answer = await fetch(`${url(service)}${path}`, init);
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const login = await request('dashboard', '/auth/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: env.STREAMFLOW_ADMIN_EMAIL, password: env.STREAMFLOW_ADMIN_PASSWORD }),
  });
  const created = await request('dashboard', '/api-keys', {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${login.access_token}` },
    body: JSON.stringify({ name: `bench-${Date.now()}`, scopes: ['ingest', 'read'] }),
  });
  const key = created.data.key;
  const read = (service, path) => request(service, path, { headers: { authorization: `Bearer ${key}` } });
  return {
    pid: child.pid,
    ports,
    key,
    /** Of the administrator. */
    token: login.access_token,
    url,
    data,
    readyMs,
    read,
    /** Events in the store. */
    async stored() {
      return (await read('storage', '/events/aggregations?metric=count')).total;
    },
    async stop() {
      if (!exited) {
        child.kill('SIGTERM');
        await once(child, 'exit');
      }
      if (directory === undefined) await rm(data, { recursive: true, force: true });
    },
  };
}
