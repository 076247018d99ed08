import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createConnect } from './connection.ts';

let directory: string;
const servers: Server[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'streamflow-connect-'));
});
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  await rm(directory, { recursive: true });
});

/** A server on a path or port that answers with what it was asked for. */
async function listen(at: string | number): Promise<string> {
  const server = createServer((request, response) =>
    response.end(JSON.stringify({ at, path: request.url, key: request.headers.authorization ?? null })),
  );
  servers.push(server);
  await new Promise<void>((resolve) =>
    server.listen(typeof at === 'number' ? { port: 0, host: '127.0.0.1' } : { path: at }, resolve),
  );
  const address = server.address();
  return typeof address === 'object' && address !== null ? `http://127.0.0.1:${address.port}` : '';
}

function setUp({ hasData = true } = {}) {
  const opened: string[] = [];
  const connect = createConnect({
    localData: () => ({ directory, exists: hasData }),
    async openLocalApp() {
      const socketPath = join(directory, 'own.sock');
      await listen(socketPath);
      opened.push('open');
      return {
        socketPath,
        close: async () => {
          opened.push('close');
        },
      };
    },
  });
  return { connect, opened };
}

describe('connecting', () => {
  it('goes to the addresses that are given, with the key', async () => {
    const { connect, opened } = setUp();
    const url = await listen(0);
    const connection = await connect({ storageUrl: url, apiKey: 'sf_key' });
    expect(await connection.request('storage', 'GET', '/events', { query: { type: ['a', 'b'] } })).toEqual({
      at: 0,
      path: '/events?type=a&type=b',
      key: 'Bearer sf_key',
    });
    await connection.close();
    expect(opened).toEqual([]);
  });

  it('goes to the server that runs on the data directory', async () => {
    const { connect, opened } = setUp();
    const path = join(directory, 'control.sock');
    await listen(path);
    const connection = await connect({});
    expect(await connection.request('dashboard', 'POST', '/users', { body: {} })).toMatchObject({
      at: path,
      path: '/dashboard/users',
    });
    await connection.close();
    expect(opened).toEqual([]);
  });

  it('opens the data itself when none runs, also where a killed one left its socket', async () => {
    await writeFile(join(directory, 'control.sock'), '');
    const { connect, opened } = setUp();
    const connection = await connect({});
    expect(await connection.request('ingestion', 'GET', '/health')).toMatchObject({
      path: '/ingestion/health',
    });
    expect(opened).toEqual(['open']);
    await connection.close();
    expect(opened).toEqual(['open', 'close']);
  });

  it('makes no data for a command that only looks at it', async () => {
    const { connect, opened } = setUp({ hasData: false });
    await expect(connect({})).rejects.toMatchObject({
      code: 'NotFound',
      message: expect.stringContaining(`no data in ${directory}`),
    });
    expect(opened).toEqual([]);
    await (await connect({}, { makes: true })).close();
    expect(opened).toEqual(['open', 'close']);
  });
});
