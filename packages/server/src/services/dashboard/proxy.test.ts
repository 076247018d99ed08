import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer as createTcpServer } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { startTestServer, type TestServer, testService } from '../../http/server.fixture.ts';
import { createProxy } from './proxy.ts';

let upstream: Server;
let proxied: TestServer;
let base: string;
let seen: IncomingMessage[];
let answer: Parameters<typeof createServer>[1];

const portOf = (server: { address(): AddressInfo | string | null }): number => {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
};

async function startProxy(url: string): Promise<void> {
  const service = testService({
    name: 'dashboard',
    forwarder: createProxy({ urlOf: () => url, answerTimeoutMs: 200 }),
  });
  proxied = await startTestServer([], { service });
  const { port } = await proxied.listen('127.0.0.1', 0);
  base = `http://127.0.0.1:${port}`;
}

beforeEach(async () => {
  seen = [];
  answer = (_message, response) => void response.end('{}');
  upstream = createServer((message, response) => {
    seen.push(message);
    answer?.(message, response);
  });
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  await startProxy(`http://127.0.0.1:${portOf(upstream)}`);
});

afterEach(async () => {
  await proxied.close(0);
  upstream.closeAllConnections();
  upstream.close();
});

describe('requests under /api/<service>', () => {
  it('reach the service with path, query and credentials, and without what belongs to one connection', async () => {
    const got = await fetch(`${base}/api/storage/events?type=a&data.x=1`, {
      headers: { authorization: 'Bearer secret', 'x-correlation-id': 'abc-12345678' },
    });
    expect(await got.json()).toEqual({});
    expect(seen[0]?.url).toBe('/events?type=a&data.x=1');
    expect(seen[0]?.headers).toMatchObject({
      authorization: 'Bearer secret',
      'x-correlation-id': 'abc-12345678',
      'x-forwarded-for': '127.0.0.1',
    });
  });

  it('carry bodies both ways as they come, piece by piece', async () => {
    answer = (message, response) => void message.pipe(response);
    const echo = request(`${base}/api/ingestion/events`, { method: 'POST' });
    echo.write('one');
    const [reply]: IncomingMessage[] = await once(echo, 'response');
    const [first] = await once(reply ?? echo, 'data');
    expect(String(first)).toBe('one');
    echo.end('two');
    const [second] = await once(reply ?? echo, 'data');
    expect(String(second)).toBe('two');
  });

  it('give status and headers of the service', async () => {
    answer = (_message, response) =>
      void response.writeHead(429, { 'retry-after': '7', 'keep-alive': 'timeout=1' }).end('{"error":"x"}');
    const got = await fetch(`${base}/api/storage/events`);
    expect([got.status, got.headers.get('retry-after'), await got.text()]).toEqual([
      429,
      '7',
      '{"error":"x"}',
    ]);
    expect(got.headers.get('keep-alive')).not.toBe('timeout=1');
  });

  it('end at the service when the caller goes away', async () => {
    const gone = new Promise<void>((resolve) => {
      answer = (message) => void message.once('close', resolve);
    });
    const abort = new AbortController();
    const pending = fetch(`${base}/api/storage/events`, { signal: abort.signal }).catch(() => 'ended');
    while (seen.length === 0) await new Promise((resolve) => setImmediate(resolve));
    abort.abort();
    await gone;
    expect(await pending).toBe('ended');
  });

  it('are answered 502 where nobody listens, nobody answers, or no HTTP comes back', async () => {
    answer = () => {};
    const silent = await fetch(`${base}/api/storage/events`);
    await proxied.close(0);
    const babbler = createTcpServer((socket) => {
      socket.on('error', () => {}).resume();
      socket.end('220 mail.example.com ESMTP\r\n');
    }).listen(0, '127.0.0.1');
    await once(babbler, 'listening');
    await startProxy(`http://127.0.0.1:${portOf(babbler)}`);
    const noHttp = await fetch(`${base}/api/storage/events`);
    babbler.close();
    await once(babbler, 'close');
    const away = await fetch(`${base}/api/storage/events`);
    for (const got of [silent, noHttp, away]) {
      expect(got.status).toBe(502);
      expect(await got.json()).toMatchObject({
        error: 'BadGateway',
        details: { service: 'storage' },
        correlation_id: got.headers.get('x-correlation-id'),
      });
    }
  });

  it.each([
    '/api/nobody/events',
    '/api/',
    '/api/storage',
    '/api/dashboard/api/storage/events',
    '/api/dashboard/x/../api/',
  ])('are answered 404 at %s', async (path) => {
    const asked = request(`${base}${path}`, { path });
    asked.end();
    const [got]: IncomingMessage[] = await once(asked, 'response');
    got?.resume();
    expect(got?.statusCode).toBe(404);
    expect(seen).toEqual([]);
  });
});

describe('WebSockets under /api/<service>', () => {
  it('are upgraded at the service and speak both ways', async () => {
    const sockets = new WebSocketServer({ server: upstream, path: '/ws/metrics' });
    sockets.on('connection', (socket) => {
      socket.send('welcome');
      socket.on('message', (text) => socket.send(`echo ${String(text)}`));
    });
    const socket = new WebSocket(`${base.replace('http', 'ws')}/api/dashboard/ws/metrics?token=t`);
    const heard: string[] = [];
    socket.on('message', (text) => {
      heard.push(String(text));
      if (heard.length === 1) socket.send('hello');
      else socket.close();
    });
    await once(socket, 'close');
    expect(heard).toEqual(['welcome', 'echo hello']);
    sockets.close();
  });

  it('are refused as the service refuses them', async () => {
    upstream.on('upgrade', (_message, connection) => {
      connection.end('HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\nno');
    });
    const socket = new WebSocket(`${base.replace('http', 'ws')}/api/ingestion/ws/events`);
    const [, got]: [unknown, IncomingMessage] = await new Promise((resolve) =>
      socket.once('unexpected-response', (...both) => resolve(both)),
    );
    got.resume();
    expect(got.statusCode).toBe(401);
  });

  it('are answered 502 where the service is away', async () => {
    upstream.close();
    const socket = new WebSocket(`${base.replace('http', 'ws')}/api/ingestion/ws/events`);
    const [, got]: [unknown, IncomingMessage] = await new Promise((resolve) =>
      socket.once('unexpected-response', (...both) => resolve(both)),
    );
    got.resume();
    expect(got.statusCode).toBe(502);
  });
});
