import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEvent, listEvents } from '@streamflow/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../domain/log.ts';
import { type ControlServer, createControlServer } from './control-server.ts';
import { principals, testNow } from './server.fixture.ts';

let directory: string;
let path: string;
const open: ControlServer[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'streamflow-control-'));
  path = join(directory, 'control.sock');
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
  rmSync(directory, { recursive: true });
});

async function start(): Promise<ControlServer> {
  const local = principals.local;
  if (local === undefined) throw new Error('no local principal');
  const server = await createControlServer({
    services: [
      { name: 'ingestion', routes: [{ contract: createEvent, handle: ({ body }) => body }] },
      {
        name: 'storage',
        routes: [{ contract: listEvents, handle: ({ principal, query }) => ({ principal, query }) }],
      },
    ],
    principal: local,
    limits: { maxBodyBytes: 10_000, maxJsonDepth: 8 },
    log: silentLog,
    clock: { now: () => testNow },
  });
  open.push(server);
  await server.listen(path);
  return server;
}

function call(
  method: string,
  url: string,
  body?: string,
): Promise<{ status: number | undefined; body: unknown }> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { socketPath: path, method, path: url, headers: { 'content-type': 'application/json' } },
      (answer) => {
        let text = '';
        answer.on('data', (chunk) => {
          text += chunk;
        });
        answer.on('end', () => resolve({ status: answer.statusCode, body: JSON.parse(text) }));
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

describe('createControlServer', () => {
  it('serves each service under its name, as the local principal, without credentials', async () => {
    await start();
    expect(await call('GET', '/storage/events?limit=3')).toMatchObject({
      status: 200,
      body: { query: { limit: 3 }, principal: { kind: 'local' } },
    });
    const event = { type: 'web.click', source: 'cli' };
    expect(await call('POST', '/ingestion/events', JSON.stringify(event))).toEqual({
      status: 201,
      body: event,
    });
    expect(await call('POST', '/ingestion/events', '{}')).toMatchObject({ status: 422 });
    expect(await call('GET', '/events')).toMatchObject({ status: 404, body: { error: 'NotFound' } });
    expect(await call('PUT', '/ingestion/events')).toMatchObject({ status: 405 });
  });

  it('lets only its user open the socket, and removes it when it closes', async () => {
    const server = await start();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await server.close();
    expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
  });

  it('takes the place of what a dead process left behind', async () => {
    writeFileSync(path, '');
    await start();
    expect((await call('GET', '/storage/events')).status).toBe(200);
  });

  it('refuses a socket on which another process listens, and leaves it alone', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(path, resolve));
    await expect(start()).rejects.toThrow(/Another process listens/);
    expect(statSync(path).isSocket()).toBe(true);
    await new Promise((resolve) => other.close(resolve));
  });

  it('says what to do about a path that is too long for a socket', async () => {
    path = join(directory, 'x'.repeat(120));
    await expect(start()).rejects.toThrow(/shorter path/);
  });
});
