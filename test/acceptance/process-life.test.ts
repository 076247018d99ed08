import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it, test, vi } from 'vitest';
import { post, signIn } from './api.ts';
import type { ServerProcess } from './server-process.ts';
import { freePorts, spawnServer, startServer, temporaryDirectory } from './server-process.ts';

const running: ServerProcess[] = [];
const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.kill9();
  for (const step of undo.splice(0).toReversed()) await step();
}, 60_000);

async function newDirectory(): Promise<string> {
  const directory = await temporaryDirectory();
  undo.push(directory.remove);
  return directory.path;
}
const event = { type: 'web.click', source: 'website', data: {} };
const statusOf = async (url: string): Promise<number> => {
  const answer = await fetch(url);
  await answer.body?.cancel();
  return answer.status;
};

describe('SIGTERM', () => {
  it('takes /ready away first, and requests are answered for as long as is set', async () => {
    const server = await startServer({
      dataDirectory: await newDirectory(),
      ports: await freePorts(),
      env: { DRAIN_MS: '1500' },
    });
    running.push(server);
    const token = await signIn(server);
    const stopped = server.stop();
    const ready = server.url('ingestion', '/ready');
    await vi.waitFor(async () => expect(await statusOf(ready)).toBe(503), { timeout: 1000, interval: 20 });
    expect((await post(server, token, '/events', event)).status).toBe(201);
    expect(await stopped).toBe(0);
    await expect(fetch(ready)).rejects.toThrow();
  }, 60_000);

  it('ends the process at once when it comes a second time', async () => {
    const server = await startServer({
      dataDirectory: await newDirectory(),
      ports: await freePorts(),
      env: { DRAIN_MS: '15000' },
    });
    running.push(server);
    process.kill(server.pid, 'SIGTERM');
    await vi.waitFor(() => expect(server.output()).toContain('"Stopping"'));
    const begun = Date.now();
    process.kill(server.pid, 'SIGTERM');
    expect(await server.exited).toBe(1);
    expect(Date.now() - begun).toBeLessThan(2000);
  }, 60_000);
});

describe('a start that fails', () => {
  it.each([
    ['PostgreSQL', { DATABASE_URL: 'postgresql://user:hunter2@127.0.0.1:1/x' }, '127.0.0.1:1'],
    ['ClickHouse', { CLICKHOUSE_URL: 'http://127.0.0.1:1' }, '127.0.0.1:1'],
  ])(
    'names %s and its address, keeps the password to itself, and exits with 1',
    async (name, env, address) => {
      const server = spawnServer({
        dataDirectory: await newDirectory(),
        ports: await freePorts(),
        env: { ...env, JWT_SECRET_KEY: 'k'.repeat(40) },
      });
      running.push(server);
      expect(await server.exited).toBe(1);
      const last = server.output().trim().split('\n').at(-1);
      expect(last).toContain(`streamflow: ${name}`);
      expect(last).toContain(address);
      expect(server.output()).not.toContain('hunter2');
    },
  );

  it('names the address of a server that says nothing of use', async () => {
    const silent = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    undo.push(async () => silent.close());
    const address = silent.address();
    const at = `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
    const server = spawnServer({
      dataDirectory: await newDirectory(),
      ports: await freePorts(),
      env: { DATABASE_URL: `postgresql://user:hunter2@${at}/x`, JWT_SECRET_KEY: 'k'.repeat(40) },
    });
    running.push(server);
    expect(await server.exited).toBe(1);
    expect(server.output()).toContain(`streamflow: PostgreSQL at ${at}: `);
    expect(server.output()).not.toContain('hunter2');
  });
});

const mount = (path: string, megabytes: number): boolean =>
  spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=700`, 'tmpfs', path]).status === 0;

async function smallDisk(megabytes: number): Promise<string | null> {
  const path = await newDirectory();
  if (!mount(path, megabytes)) return null;
  undo.push(async () => spawnSync('umount', ['--lazy', path]));
  return path;
}
const probe = await smallDisk(1);
for (const step of undo.splice(0).toReversed()) await step();

if (probe === null && process.env.REQUIRE_SERVICES !== '1')
  test.skip('a disk that is nearly full needs the right to mount a tmpfs', () => {});
else
  describe('a disk that is nearly full', () => {
    it('has events answered 503 before it is full, and taken again when there is room', async () => {
      const dataDirectory = await smallDisk(192);
      if (dataDirectory === null) throw new Error('A tmpfs cannot be mounted here');
      const server = await startServer({ dataDirectory, ports: await freePorts() });
      running.push(server);
      const token = await signIn(server);
      expect((await post(server, token, '/events', event)).status).toBe(201);

      const ballast = join(dataDirectory, 'ballast');
      const { bavail, bsize } = await statfs(dataDirectory);
      const left = 12 * 1024 * 1024;
      await writeFile(ballast, Buffer.alloc(bavail * bsize - left));
      const refused = await vi.waitFor(
        async () => {
          const answer = await post(server, token, '/events', event);
          expect(answer.status).toBe(503);
          return answer;
        },
        { timeout: 5000, interval: 100 },
      );
      expect(refused.headers.get('retry-after')).toBe('30');
      expect(await refused.json()).toMatchObject({ message: expect.stringContaining('disk') });
      expect(await statusOf(server.url('ingestion', '/ready'))).toBe(503);
      expect(await statusOf(server.url('storage', '/ready'))).toBe(200);
      const after = await statfs(dataDirectory);
      expect(after.bavail * after.bsize).toBeGreaterThan(left / 2);

      await rm(ballast);
      await vi.waitFor(async () => expect((await post(server, token, '/events', event)).status).toBe(201), {
        timeout: 5000,
        interval: 100,
      });
    }, 60_000);
  });
