import {
  createEvent,
  createEventBatch,
  listEvents,
  login,
  me,
  type ServiceName,
} from '@streamflow/contracts';
import { afterEach, describe, expect, it } from 'vitest';
import { StreamFlowError } from '../domain/errors.ts';
import { principals, startTestServer, type TestServer, testNow, testService } from './server.fixture.ts';
import type { HttpServerOptions } from './server.ts';
import type { MountedRoute } from './service.ts';

const whoAmI: MountedRoute['handle'] = ({ principal }) => ({ id: principal.id, kind: principal.kind });
const routes: readonly MountedRoute[] = [
  { contract: createEvent, body: 'raw', handle: whoAmI },
  { contract: createEventBatch, body: 'raw', handle: whoAmI },
  { contract: listEvents, handle: whoAmI },
  { contract: login, body: 'raw', handle: whoAmI },
  { contract: me, handle: whoAmI },
];
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

let server: TestServer;
afterEach(() => server.close());
const start = async (options: Partial<HttpServerOptions> = {}, name: ServiceName = 'ingestion') => {
  server = await startTestServer(routes, { service: testService({ name, routes }), ...options });
};
const post = (url: string, headers: Record<string, string> = {}, remoteAddress = '192.0.2.1') =>
  server.app.inject({ method: 'POST', url, headers, remoteAddress });
const get = (url: string, headers: Record<string, string> = {}) => server.app.inject({ url, headers });

describe('authentication', () => {
  it.each([
    ['Authorization: Bearer', bearer('writer-key')],
    ['in any case', { authorization: 'bearer writer-key' }],
    ['X-API-Key', { 'x-api-key': 'writer-key' }],
  ])('takes a credential by %s', async (_name, headers) => {
    await start();
    const answer = await post('/events', headers);
    expect(answer.statusCode).toBe(201);
    expect(answer.json()).toEqual({ id: 'writer', kind: 'key' });
  });

  it.each([
    ['no credential', {}],
    ['an unknown one', bearer('nobody')],
    ['an empty one', bearer('')],
    ['another scheme', { authorization: 'Basic d3JpdGVyLWtleTo=' }],
    ['another scheme beside a good key', { authorization: 'Basic x', 'x-api-key': 'writer-key' }],
  ])('answers 401 to %s, and says how to come', async (_name, headers) => {
    await start();
    const answer = await post('/events', headers);
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer');
    expect(answer.json().error).toBe('AuthenticationRequired');
  });

  it('answers 403 to a caller who is known but not allowed', async () => {
    await start();
    const answer = await post('/events', bearer('reader-token'));
    expect(answer.statusCode).toBe(403);
    expect(answer.json()).toMatchObject({
      error: 'PermissionDenied',
      details: { permission: 'events:write' },
    });
    expect((await get('/auth/me', bearer('reader-token'))).statusCode).toBe(200);
  });

  it('takes a credential in the query only where the contract says so', async () => {
    await start();
    expect((await post('/events/batch?api_key=writer-key')).statusCode).toBe(201);
    expect((await post('/events?api_key=writer-key')).statusCode).toBe(401);
    expect((await get('/auth/me?token=reader-token')).statusCode).toBe(401);
  });

  it('waits for an authentication that has to ask', async () => {
    const { 'writer-key': writer } = principals;
    if (writer === undefined) throw new Error('no writer');
    await start({
      access: {
        allowAnonymous: false,
        async authenticate(credential) {
          await new Promise((resolve) => setTimeout(resolve, 5));
          if (credential !== 'slow')
            throw new StreamFlowError('AuthenticationRequired', 'The token is not valid');
          return writer;
        },
      },
    });
    expect((await post('/events', bearer('slow'))).statusCode).toBe(201);
    expect((await post('/events', bearer('other'))).statusCode).toBe(401);
  });

  it('answers 500, not 401, when authentication itself is broken', async () => {
    await start({
      access: {
        allowAnonymous: false,
        authenticate: () => Promise.reject(new TypeError('records are gone')),
      },
    });
    expect((await post('/events', bearer('x'))).statusCode).toBe(500);
  });

  it('lets anybody send events, and nothing else, where anonymous ingestion is allowed', async () => {
    const access = {
      allowAnonymous: true,
      authenticate: () => {
        throw new StreamFlowError('AuthenticationRequired', 'no');
      },
    };
    await start({ access });
    expect((await post('/events')).json()).toEqual({ id: 'anonymous', kind: 'anonymous' });
    expect((await post('/events', bearer('wrong'))).statusCode).toBe(401);
    expect((await get('/events')).statusCode).toBe(401);
    await server.close();
    await start({ access }, 'storage');
    expect((await post('/events')).statusCode).toBe(401);
  });

  it('leaves public routes and those of operation open', async () => {
    await start();
    expect((await post('/auth/login')).statusCode).toBe(200);
    for (const url of ['/health', '/ready', '/metrics', '/openapi.json', '/docs/'])
      expect([url, (await get(url)).statusCode]).not.toEqual([url, 401]);
  });
});

describe('rate limits', () => {
  const rateLimits = {
    requestsPerMinute: 2,
    burstSize: 1,
    keyRequestsPerMinute: 4,
    userRequestsPerMinute: 3,
    socketsPerAddress: 10,
  };
  const codes = async (times: number, send: () => ReturnType<typeof post>) => {
    const all: number[] = [];
    for (let i = 0; i < times; i += 1) all.push((await send()).statusCode);
    return all;
  };

  it('tell what is left, and answer 429 in the documented form', async () => {
    await start({ rateLimits, access: openAccess() });
    expect((await post('/events')).headers).toMatchObject({
      'x-ratelimit-limit': '3',
      'x-ratelimit-remaining': '2',
      'x-ratelimit-reset': String(testNow / 1000 + 60),
      'ratelimit-policy': '"minute";q=3;w=60',
      ratelimit: '"minute";r=2;t=60',
    });
    await codes(2, () => post('/events'));
    const answer = await post('/events');
    expect(answer.statusCode).toBe(429);
    expect(answer.headers).toMatchObject({ 'retry-after': '60', 'x-ratelimit-remaining': '0' });
    expect(answer.json()).toMatchObject({
      error: 'RateLimitExceeded',
      message: 'Rate limit exceeded. Try again in 60 seconds.',
      retry_after: 60,
      limit: 3,
      remaining: 0,
    });
  });

  it('count ingestion by address, and an IPv6 address by its network', async () => {
    await start({ rateLimits, access: openAccess() });
    const from = (address: string) => () => post('/events', {}, address);
    expect(await codes(4, from('192.0.2.1'))).toEqual([201, 201, 201, 429]);
    expect(await codes(1, from('192.0.2.2'))).toEqual([201]);
    expect(await codes(1, from('::ffff:192.0.2.1'))).toEqual([429]);
    expect(await codes(3, from('2001:db8:1:2::1'))).toEqual([201, 201, 201]);
    expect(await codes(1, from('2001:db8:1:2:ffff::9'))).toEqual([429]);
    expect(await codes(1, from('2001:db8:1:3::1'))).toEqual([201]);
  });

  it('count keys by key, wherever they come from', async () => {
    await start({ rateLimits });
    let last = 0;
    const nextAddress = () => {
      last += 1;
      return `192.0.2.${last}`;
    };
    const send = () => post('/events', bearer('writer-key'), nextAddress());
    expect(await codes(6, send)).toEqual([201, 201, 201, 201, 201, 429]);
  });

  it('are those of the key where it has its own', async () => {
    const { 'writer-key': writer } = principals;
    if (writer === undefined) throw new Error('no writer');
    const own = { ...writer, requestsPerMinute: 1 };
    await start({ rateLimits, access: { allowAnonymous: false, authenticate: () => own } });
    const send = () => post('/events', bearer('writer-key'));
    expect((await send()).headers['ratelimit-policy']).toBe('"minute";q=2;w=60');
    expect(await codes(2, send)).toEqual([201, 429]);
  });

  it('count users by user on the other services', async () => {
    await start({ rateLimits }, 'storage');
    const send = () => get('/events', bearer('reader-token'));
    expect(await codes(5, send)).toEqual([200, 200, 200, 200, 429]);
  });

  it('slow down guessing: sign-in and wrong credentials count by address', async () => {
    await start({ rateLimits });
    expect(await codes(2, () => post('/events', bearer('guess')))).toEqual([401, 401]);
    expect(await codes(2, () => post('/auth/login'))).toEqual([200, 429]);
    expect((await post('/events', bearer('guess'))).statusCode).toBe(429);
    expect((await post('/events', bearer('writer-key'))).statusCode).toBe(201);
  });

  it('wait for a limiter that has to ask', async () => {
    await start({
      rateLimits,
      rateLimiter: {
        take: async (_key, limit) => ({ allowed: false, limit, remaining: 0, resetAt: testNow / 1000 + 9 }),
        acquire: () => () => {},
        ping: async () => {},
        close: async () => {},
      },
    });
    const answer = await post('/events', bearer('writer-key'));
    expect(answer.statusCode).toBe(429);
    expect(answer.headers['retry-after']).toBe('9');
  });

  it('never touch probes', async () => {
    await start({ rateLimits });
    expect(await codes(9, () => get('/health'))).toEqual(Array(9).fill(200));
  });
});

const openAccess = () => ({
  allowAnonymous: true,
  authenticate: () => {
    throw new StreamFlowError('AuthenticationRequired', 'no');
  },
});
