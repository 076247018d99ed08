import { connect } from 'node:net';
import { defineRoute } from '@streamflow/contracts';
import { afterEach, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from './server.fixture.ts';
import type { MountedRoute, RequestContext } from './service.ts';

const waiting = defineRoute({
  method: 'GET',
  path: '/wait',
  operationId: 'wait',
  summary: 'Answers when told',
  tag: 'Test',
  permission: 'public',
  responses: { 200: { description: 'Done.' } },
});

let server: TestServer;
afterEach(() => server.close(100));

/** A server with one route that answers when `release` is called. */
async function startWaiting() {
  let release: (value: unknown) => void = () => {};
  const contexts: RequestContext[] = [];
  const routes: MountedRoute[] = [
    {
      contract: waiting,
      handle(context) {
        contexts.push(context);
        return new Promise((resolve) => {
          release = resolve;
        });
      },
    },
  ];
  server = await startTestServer(routes);
  const { port } = await server.listen('127.0.0.1', 0);
  const url = `http://127.0.0.1:${port}/wait`;
  return { url, port, contexts, release: (value: unknown) => release(value) };
}

describe('close', () => {
  it('lets a request under way finish, and takes no new connection', async () => {
    const { url, contexts, release } = await startWaiting();
    const answer = fetch(url);
    await expect.poll(() => contexts.length).toBe(1);
    const done = server.close(5000);
    await expect(fetch(url)).rejects.toThrow();
    release({ late: true });
    expect(await (await answer).json()).toEqual({ late: true });
    await done;
  });

  it('ends what does not finish within the grace', async () => {
    const { url, contexts } = await startWaiting();
    const answer = fetch(url);
    await expect.poll(() => contexts.length).toBe(1);
    const before = performance.now();
    const [ended] = await Promise.allSettled([answer, server.close(150)]);
    expect(ended.status).toBe('rejected');
    expect(performance.now() - before).toBeLessThan(2000);
  });

  it('does not wait for idle connections', async () => {
    const { port } = await startWaiting();
    const socket = connect(port, '127.0.0.1');
    await new Promise<void>((resolve) => {
      socket.on('data', () => resolve());
      socket.write('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
    });
    const before = performance.now();
    await server.close(10_000);
    expect(performance.now() - before).toBeLessThan(1000);
    socket.destroy();
  });
});

it('tells browsers to use TLS alone where they reach it so, and only there', async () => {
  for (const behindTls of [false, true]) {
    server = await startTestServer([], { behindTls });
    const answer = await server.app.inject({ url: '/nowhere' });
    expect(answer.headers['strict-transport-security']).toBe(behindTls ? 'max-age=31536000' : undefined);
    await server.close();
  }
});

it('bounds the time that a request may take to arrive', async () => {
  server = await startTestServer([]);
  expect(server.app.server).toMatchObject({
    headersTimeout: 10_000,
    requestTimeout: 30_000,
    keepAliveTimeout: 72_000,
  });
});

describe('the signal of a request', () => {
  it('is aborted when the client leaves, and not when it is answered', async () => {
    const { url, contexts, release } = await startWaiting();
    const leaving = new AbortController();
    const left = fetch(url, { signal: leaving.signal }).catch(() => 'left');
    await expect.poll(() => contexts.length).toBe(1);
    const signal = contexts[0]?.signal;
    expect(signal?.aborted).toBe(false);
    leaving.abort();
    expect(await left).toBe('left');
    await expect.poll(() => signal?.aborted).toBe(true);

    const answer = fetch(url);
    await expect.poll(() => contexts.length).toBe(2);
    const second = contexts[1]?.signal;
    release({});
    await (await answer).json();
    expect(second?.aborted).toBe(false);
  });
});

describe('CORS', () => {
  const preflight = (origin: string) =>
    server.app.inject({
      method: 'OPTIONS',
      url: '/wait',
      headers: {
        origin,
        'access-control-request-method': 'PATCH',
        'access-control-request-headers': 'authorization',
      },
    });

  it('is off by default', async () => {
    server = await startTestServer([]);
    const answer = await preflight('https://dashboard.example.com');
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    expect(answer.statusCode).toBe(404);
  });

  it('admits the configured origins, all methods of the API, and never credentials', async () => {
    server = await startTestServer([], { corsOrigins: ['https://dashboard.example.com'] });
    const answer = await preflight('https://dashboard.example.com');
    expect(answer.statusCode).toBe(204);
    expect(answer.headers).toMatchObject({
      'access-control-allow-origin': 'https://dashboard.example.com',
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      vary: 'Origin',
    });
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
    expect((await preflight('https://evil.example')).headers['access-control-allow-origin']).toBeUndefined();
  });

  it('also marks errors, so that a page can read them', async () => {
    server = await startTestServer([], { corsOrigins: ['https://dashboard.example.com'] });
    const answer = await server.app.inject({
      url: '/nowhere',
      headers: { origin: 'https://dashboard.example.com' },
    });
    expect(answer.statusCode).toBe(404);
    expect(answer.headers['access-control-allow-origin']).toBe('https://dashboard.example.com');
    expect(answer.headers['access-control-expose-headers']).toMatch(/x-correlation-id/);
  });
});

describe('/docs', () => {
  it('serves the page and its parts from here alone, and the document', async () => {
    server = await startTestServer([]);
    const page = await server.app.inject('/docs/');
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self';/);
    const parts = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, part]) => part ?? '');
    expect(parts.length).toBeGreaterThan(4);
    for (const part of parts) {
      expect(part).toMatch(/^\.\/static\//);
      expect([part, (await server.app.inject(`/docs/${part.slice(2)}`)).statusCode]).toEqual([part, 200]);
    }
    expect(page.body).not.toMatch(/<script>|onload=/);
    const document = await server.app.inject('/openapi.json');
    expect((await server.app.inject('/docs/json')).json()).toEqual(document.json());
    expect(document.json()).toMatchObject({ openapi: '3.1.0', info: { title: 'StreamFlow Ingestion' } });
  });
});
