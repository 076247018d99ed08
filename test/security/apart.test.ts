import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { ServiceName } from '@streamflow/contracts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import {
  administrator,
  freePorts,
  type ServerProcess,
  startServer,
  temporaryDirectory,
  wait,
} from '../acceptance/server-process.ts';
import {
  createSharedEngines,
  describeWithServers,
  type SharedEngines,
} from '../acceptance/shared-engines.ts';

/* What one process changes, another must notice. */

/** The promise is five seconds; an answer takes some more. */
const noticedWithinMs = 5500;
const password = `password-${randomUUID()}`;

await describeWithServers('a change in one process', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let engines: SharedEngines;
  let ingestion: ServerProcess;
  let dashboard: ServerProcess;
  let admin: string;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    engines = await createSharedEngines();
    const start = async (service: ServiceName) =>
      startServer({
        dataDirectory: directory.path,
        ports: await freePorts(),
        env: engines.env,
        services: [service],
      });
    ingestion = await start('ingestion');
    dashboard = await start('dashboard');
    admin = (await login(administrator.username, administrator.password)).access_token;
  }, 90_000);
  afterAll(async () => {
    await Promise.all([ingestion?.stop(), dashboard?.stop()]);
    await engines.remove();
    await directory.remove();
  }, 60_000);

  const ask =
    (server: ServerProcess, service: ServiceName) =>
    (method: string, path: string, token: string, body?: unknown) =>
      fetch(server.url(service, path), {
        method,
        headers: {
          'content-type': 'application/json',
          ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
  const onDashboard = async (method: string, path: string, body: unknown, token = admin) => {
    const answer = await ask(dashboard, 'dashboard')(method, path, token, body);
    if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  };
  const login = (
    username: string,
    given = password,
  ): Promise<{ access_token: string; refresh_token: string }> =>
    onDashboard('POST', '/auth/login', { username, password: given }, '');

  async function analyst(): Promise<{ id: string; token: string; refreshToken: string; socket: WebSocket }> {
    const email = `${randomUUID()}@example.org`;
    const { data }: { data: { id: string } } = await onDashboard('POST', '/users', {
      email,
      password,
      role: 'analyst',
    });
    const tokens = await login(email);
    const socket = new WebSocket(
      `ws://127.0.0.1:${ingestion.ports.ingestion}/ws?token=${tokens.access_token}`,
    );
    await once(socket, 'open');
    return { id: data.id, token: tokens.access_token, refreshToken: tokens.refresh_token, socket };
  }

  /** Milliseconds until the other process answers so. */
  async function until(status: number, token: string, path: string): Promise<number> {
    const begun = performance.now();
    for (;;) {
      const answer = await ask(ingestion, 'ingestion')('GET', path, token);
      await answer.body?.cancel();
      const waited = performance.now() - begun;
      if (answer.status === status || waited > 10_000) return waited;
      await wait(50);
    }
  }

  it.concurrent.each([
    ['disabling a user', (id: string) => onDashboard('PATCH', `/users/${id}`, { disabled: true })],
    ['a new password', (id: string) => onDashboard('PATCH', `/users/${id}`, { password: `${password}!` })],
    [
      'signing out',
      (_id: string, refreshToken: string) =>
        onDashboard('POST', '/auth/logout', { refresh_token: refreshToken }, ''),
    ],
  ])('is noticed in another within five seconds, and its sockets close: %s', async (_name, change) => {
    const { id, token, refreshToken, socket } = await analyst();
    expect(await until(200, token, '/auth/me')).toBeLessThan(1000);
    const closed = once(socket, 'close').then(([code]) => ({ code, at: performance.now() }));
    const begun = performance.now();
    await change(id, refreshToken);
    expect(await until(401, token, '/auth/me')).toBeLessThan(noticedWithinMs);
    const { code, at } = await closed;
    expect([code, at - begun < noticedWithinMs]).toEqual([1008, true]);
  });

  it.concurrent('is noticed in another within five seconds, and its sockets close: a lowered role', async () => {
    const { id, token, socket } = await analyst();
    const closed = once(socket, 'close').then(([code]) => ({ code, at: performance.now() }));
    const begun = performance.now();
    await onDashboard('PATCH', `/users/${id}`, { role: 'viewer' });
    const { code, at } = await closed;
    expect([code, at - begun < noticedWithinMs]).toEqual([1008, true]);
    const refused = await ask(ingestion, 'ingestion')('POST', '/events', token, {
      type: 'web.click',
      source: 's',
    });
    expect(refused.status).toBe(403);
  });
});
