import { request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { StreamFlowError } from '../domain/errors.ts';
import { startTestServer, type TestServer, testService } from './server.fixture.ts';
import type { HttpServerOptions } from './server.ts';
import type { Principal, SocketContext } from './service.ts';

let server: TestServer;
let port: number;
let contexts: SocketContext[];
const clients: WebSocket[] = [];

const start = async (options: Partial<HttpServerOptions> = {}) => {
  contexts = [];
  server = await startTestServer([], {
    service: testService({
      sockets: [
        {
          path: '/ws',
          summary: 'Echo',
          maxFrameBytes: 100,
          permission: 'events:write',
          connect(socket, context) {
            contexts.push(context);
            socket.on('message', (data) => socket.send(String(data)));
          },
        },
      ],
    }),
    ...options,
  });
  ({ port } = await server.listen('127.0.0.1', 0));
};
beforeEach(() => start());
afterEach(async () => {
  for (const client of clients.splice(0)) client.terminate();
  await server.close(100);
});

type Outcome =
  | { readonly open: WebSocket }
  | { readonly status: number; readonly body: Record<string, unknown> };

describe('a socket that is open', () => {
  const principal: Principal = {
    kind: 'user',
    id: 'u',
    name: 'u',
    role: 'analyst',
    permissions: new Set(['events:write']),
    project: 'default',
  };
  const refused = (): never => {
    throw new StreamFlowError('AuthenticationRequired', 'no');
  };
  let answer: () => Principal;

  const open = async (byFrame: boolean): Promise<WebSocket> => {
    answer = () => principal;
    await server.close(100);
    await start({ access: { allowAnonymous: false, authenticate: () => answer() } });
    const outcome = await dial(byFrame ? '/ws' : '/ws?token=good');
    if (!('open' in outcome)) throw new Error('refused');
    if (byFrame) await contexts[0]?.authenticate('good');
    return outcome.open;
  };
  const closeCode = (socket: WebSocket): Promise<unknown> =>
    new Promise((resolve) => socket.once('close', resolve));

  it.each([
    ['is refused', false, refused],
    ['is refused, of an auth frame', true, refused],
    ['allows less', false, (): Principal => ({ ...principal, permissions: new Set(['events:read']) })],
  ])('is closed when its credential %s', async (_name, byFrame, later) => {
    const socket = await open(byFrame);
    const closed = closeCode(socket);
    answer = later;
    expect(await closed).toBe(1008);
  });

  it('stays while nobody can say, and while it is a stranger', async () => {
    const socket = await open(false);
    const stranger = await dial('/ws');
    answer = () => {
      throw new StreamFlowError('ServiceUnavailable', 'away');
    };
    await new Promise((resolve) => setTimeout(resolve, 1200));
    expect(socket.readyState).toBe(WebSocket.OPEN);
    expect('open' in stranger && stranger.open.readyState).toBe(WebSocket.OPEN);
  });

  it('is refused to keys of other pages, before the upgrade and by a frame', async () => {
    const socket = await open(true);
    answer = () => ({ ...principal, allowedOrigins: ['https://shop.example'] });
    expect(await dial('/ws?token=good')).toMatchObject({ status: 403 });
    await expect(contexts[0]?.authenticate('good')).rejects.toMatchObject({ code: 'PermissionDenied' });
    socket.terminate();
  });
});

/** Opens a socket; resolves with it, or with the HTTP answer that refused it. */
function dial(path: string, headers: Record<string, string> = {}): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const client = new WebSocket(`ws://127.0.0.1:${port}${path}`, { headers });
    clients.push(client);
    client.on('open', () => resolve({ open: client }));
    client.on('unexpected-response', (_request, answer) => {
      let text = '';
      answer.on('data', (chunk) => {
        text += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: JSON.parse(text) }));
    });
    client.on('error', reject);
  });
}

async function opened(
  path = '/ws?api_key=writer-key',
  headers: Record<string, string> = {},
): Promise<WebSocket> {
  const outcome = await dial(path, headers);
  if ('open' in outcome) return outcome.open;
  throw new Error(`refused with ${outcome.status} ${JSON.stringify(outcome.body)}`);
}

const closed = (client: WebSocket): Promise<number> =>
  new Promise((resolve) => client.on('close', (code) => resolve(code)));

describe('sockets', () => {
  it('carry frames, and know their caller, address and correlation id', async () => {
    const client = await opened('/ws', { authorization: 'Bearer writer-key', 'x-correlation-id': 'c-7' });
    const reply = new Promise((resolve) => client.on('message', (data) => resolve(String(data))));
    client.send('hello');
    expect(await reply).toBe('hello');
    expect(contexts[0]).toMatchObject({
      principal: { id: 'writer' },
      correlationId: 'c-7',
      address: '127.0.0.1',
    });
    expect(server.connections()).toBe(1);
    client.close();
    await closed(client);
    await expect.poll(() => server.connections()).toBe(0);
  });

  it('may open without credentials, and check them later', async () => {
    await opened('/ws');
    const [context] = contexts;
    expect(context?.principal).toBeNull();
    expect(await context?.authenticate('writer-key')).toMatchObject({ id: 'writer' });
    await expect(context?.authenticate('nobody')).rejects.toThrow(/not valid/);
  });

  it.each([
    ['a path without a socket', '/other?token=writer-key', {}, 404, 'NotFound'],
    ['a wrong credential', '/ws?token=nobody', {}, 401, 'AuthenticationRequired'],
    ['a caller who may not', '/ws?token=reader-token', {}, 403, 'PermissionDenied'],
    ['a page of another origin', '/ws', { origin: 'https://evil.example' }, 403, 'PermissionDenied'],
    ['an origin that is none', '/ws', { origin: 'null' }, 403, 'PermissionDenied'],
  ])('are refused before the upgrade: %s', async (_name, path, headers, status, error) => {
    const outcome = await dial(path, headers);
    expect(outcome).toMatchObject({ status, body: { error, correlation_id: expect.any(String) } });
    expect(contexts).toEqual([]);
  });

  it('open for pages of the server itself and of configured origins', async () => {
    await opened('/ws', { origin: `http://127.0.0.1:${port}` });
    await server.close(100);
    await start({ corsOrigins: ['https://dashboard.example.com'] });
    await opened('/ws', { origin: 'https://dashboard.example.com' });
    expect(await dial('/ws', { origin: 'https://dashboard.example.com.evil.example' })).toMatchObject({
      status: 403,
    });
  });

  it('are limited by address, and give their place back', async () => {
    await server.close(100);
    await start({
      rateLimits: {
        requestsPerMinute: 2,
        burstSize: 0,
        keyRequestsPerMinute: 1,
        userRequestsPerMinute: 1,
        socketsPerAddress: 2,
      },
    });
    const first = await opened();
    await opened();
    expect(await dial('/ws')).toMatchObject({
      status: 429,
      body: { error: 'RateLimitExceeded', retry_after: 60 },
    });
    first.close();
    await closed(first);
    await expect.poll(async () => 'open' in (await dial('/ws'))).toBe(true);
  });

  it('give a place back that came when its peer had gone', async () => {
    await server.close(100);
    let asked = (): void => {};
    const wasAsked = new Promise<void>((resolve) => {
      asked = resolve;
    });
    let give = (): void => {};
    let given = 0;
    await start({
      rateLimiter: {
        take: (_key, limit) => ({ allowed: true, limit, remaining: limit, resetAt: 0 }),
        acquire: () =>
          new Promise((resolve) => {
            asked();
            give = () =>
              resolve(() => {
                given += 1;
              });
          }),
        ping: async () => {},
        close: async () => {},
      },
      rateLimits: {
        requestsPerMinute: 2,
        burstSize: 0,
        keyRequestsPerMinute: 1,
        userRequestsPerMinute: 1,
        socketsPerAddress: 9,
      },
    });
    const client = new WebSocket(`ws://127.0.0.1:${port}/ws`);
    client.on('error', () => {});
    await wasAsked;
    client.terminate();
    give();
    await expect.poll(() => given).toBe(1);
  });

  it('slow down guessing of credentials', async () => {
    await server.close(100);
    await start({
      rateLimits: {
        requestsPerMinute: 2,
        burstSize: 0,
        keyRequestsPerMinute: 1,
        userRequestsPerMinute: 1,
        socketsPerAddress: 9,
      },
    });
    const statuses: unknown[] = [];
    for (let i = 0; i < 3; i += 1) {
      const outcome = await dial(`/ws?token=guess-${i}`);
      statuses.push('status' in outcome ? outcome.status : 'open');
    }
    expect(statuses).toEqual([401, 401, 429]);
  });

  it('close with 1009 on a frame over the limit', async () => {
    const client = await opened();
    client.send('x'.repeat(101));
    expect(await closed(client)).toBe(1009);
  });

  it('close with 1001 at a drain, after which none opens', async () => {
    const client = await opened();
    server.drain();
    expect(await closed(client)).toBe(1001);
    expect(await dial('/ws')).toMatchObject({ status: 503, body: { error: 'ServiceUnavailable' } });
  });

  it('do not hold up a close when the peer never answers', async () => {
    const client = await opened();
    client.pause();
    const before = performance.now();
    await server.close(200);
    expect(performance.now() - before).toBeLessThan(2000);
  });

  it('refuse upgrades to anything else', async () => {
    const status = await new Promise((resolve, reject) => {
      const sent = httpRequest({ port, path: '/ws', headers: { connection: 'Upgrade', upgrade: 'h2c' } });
      sent.on('response', (answer) => resolve(answer.statusCode));
      sent.on('error', reject);
      sent.end();
    });
    expect(status).toBe(400);
    expect((server.app.server.address() as AddressInfo).port).toBe(port);
  });

  it('refuse a handshake that is none in the shape of every error', async () => {
    const answer = await new Promise<string>((resolve, reject) => {
      const headers = { connection: 'Upgrade', upgrade: 'websocket', 'x-correlation-id': 'handshake-1' };
      const sent = httpRequest({ port, path: '/ws', headers });
      sent.on('response', (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve(`${response.statusCode} ${text}`));
      });
      sent.on('error', reject);
      sent.end();
    });
    expect(answer.slice(0, 4)).toBe('400 ');
    expect(JSON.parse(answer.slice(4))).toMatchObject({
      error: 'BadRequest',
      message: expect.stringContaining('Sec-WebSocket-Key'),
      correlation_id: 'handshake-1',
    });
  });
});
