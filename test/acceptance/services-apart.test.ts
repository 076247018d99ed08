import { randomUUID } from 'node:crypto';
import type { ServiceName } from '@streamflow/contracts';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { countUntil, signIn, storedIds } from './api.ts';
import { idsOf, sendAgain, startLoad } from './load.ts';
import {
  administrator,
  freePorts,
  runCommand,
  type ServerProcess,
  spawnServer,
  startServer,
  temporaryDirectory,
} from './server-process.ts';
import { createSharedEngines, describeWithServers, type SharedEngines } from './shared-engines.ts';

/* The services as processes of their own, which share a broker, a database and a cache and nothing else. */

await describeWithServers('the services apart', () => {
  const running: ServerProcess[] = [];
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let engines: SharedEngines;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    engines = await createSharedEngines();
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((server) => server.stop()));
  }, 60_000);
  afterAll(async () => {
    await engines.remove();
    await directory.remove();
  });

  async function start(...services: ServiceName[]): Promise<ServerProcess> {
    const options = { dataDirectory: directory.path, ports: await freePorts(), env: engines.env, services };
    const server = await startServer(options);
    running.push(server);
    return server;
  }

  /** A process that answers for the services of several: the clients of the tests ask one address a service. */
  const together = (ingestion: ServerProcess, storage: ServerProcess): ServerProcess => ({
    ...ingestion,
    url: (service, path) => (service === 'storage' ? storage : ingestion).url(service, path),
  });

  it('take in at one replica and answer at another, each event once, whichever is stopped meanwhile', async () => {
    const [first, second, storage, other] = await Promise.all([
      start('ingestion'),
      start('ingestion'),
      start('storage'),
      start('storage'),
    ]);
    const token = await signIn(first);
    const loads = [startLoad(together(first, storage), token), startLoad(together(second, storage), token)];
    await new Promise((done) => setTimeout(done, 1500));
    expect(await other.stop()).toBe(0);
    await second.kill9();
    await new Promise((done) => setTimeout(done, 1000));
    await Promise.all(loads.map((load) => load.end()));
    const all = together(first, storage);
    for (const { ledger } of loads) {
      await sendAgain(all, token, ledger);
      expect(ledger.refused).toEqual([]);
      expect(ledger.unanswered).toEqual([]);
    }
    const ids = loads.flatMap(({ ledger }) => idsOf(ledger.answered));
    expect(ids.length).toBeGreaterThan(500);
    expect(await countUntil(all, token, ids.length)).toBe(ids.length);
    const stored = await storedIds(all, token);
    expect(ids.filter((id) => stored.get(id) !== 1)).toEqual([]);
  }, 90_000);

  it('know users and keys of each other, and commands work from anywhere', async () => {
    const [ingestion, storage, dashboard] = await Promise.all([
      start('ingestion'),
      start('storage'),
      start('dashboard', 'analytics', 'alerting'),
    ]);
    const created = await runCommand(
      ['key', 'create', 'apart', '--scope', 'ingest', '--scope', 'read', '--json'],
      {
        dataDirectory: directory.path,
        env: engines.env,
      },
    );
    expect(created.code).toBe(0);
    const { key }: { key: string } = JSON.parse(created.output);
    const authorization = `Bearer ${key}`;
    const id = randomUUID();
    const answer = await fetch(ingestion.url('ingestion', '/events'), {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ id, type: 'custom.apart', source: 'test', data: { a: 1 } }),
    });
    expect(answer.status).toBe(201);
    await expect
      .poll(
        async () =>
          (await fetch(storage.url('storage', `/events/${id}`), { headers: { authorization } })).status,
        {
          timeout: 5000,
        },
      )
      .toBe(200);
    const queried = await runCommand(['query', '--type', 'custom.apart', '--json'], {
      dataDirectory: directory.path,
      env: engines.env,
    });
    expect(queried.output).toContain(id);
    const login = await fetch(dashboard.url('dashboard', '/auth/login'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(administrator),
    });
    expect(login.status).toBe(200);
  }, 60_000);
});

describe('a service by itself', () => {
  it('is refused without the engines that it would share, by the names of their settings', async () => {
    const directory = await temporaryDirectory();
    const server = spawnServer({
      dataDirectory: directory.path,
      ports: await freePorts(),
      services: ['storage'],
    });
    expect(await server.exited).toBe(1);
    expect(server.output()).toContain('RABBITMQ_URL');
    expect(server.output()).toContain('DATABASE_URL');
    await directory.remove();
  });
});
