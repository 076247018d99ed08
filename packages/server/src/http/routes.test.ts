import { EventEmitter, once } from 'node:events';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import {
  createEvent,
  createEventBatch,
  defineRoute,
  exportEvents,
  getEvent,
  listEvents,
  login,
} from '@streamflow/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StreamFlowError, unavailable } from '../domain/errors.ts';
import { createTestLog, startTestServer, type TestServer, testNow } from './server.fixture.ts';
import type { MountedRoute } from './service.ts';

const id = '550e8400-e29b-41d4-a716-446655440000';
const event = { type: 'web.click', source: 'website' };
const json = { 'content-type': 'application/json' };
const writer = { ...json, authorization: 'Bearer writer-key' };
const reader = { authorization: 'Bearer reader-token' };
const newId = '00000000-0000-4000-8000-000000000000';

const echo: MountedRoute['handle'] = ({ body, query, params, principal, correlationId }) => ({
  body,
  query,
  params,
  principal: principal.id,
  correlationId,
});

const fail = defineRoute({
  method: 'GET',
  path: '/fail/:how',
  operationId: 'fail',
  summary: 'Fails',
  tag: 'Test',
  permission: 'public',
  responses: { 200: { description: 'Never.' } },
});

const hanging = new EventEmitter();

const routes: readonly MountedRoute[] = [
  { contract: createEvent, handle: echo },
  {
    contract: createEventBatch,
    body: 'raw',
    handle: ({ rawBody, query }) => ({ bytes: rawBody.length, query }),
  },
  { contract: getEvent, handle: echo },
  { contract: exportEvents, handle: () => Readable.from(['{"a":1}\n', '{"a":2}\n']) },
  { contract: listEvents, handle: async (context) => echo(context) },
  { contract: login, handle: async ({ body }) => body },
  {
    contract: fail,
    async handle({ params, signal }) {
      const how = JSON.stringify(params);
      if (how.includes('hang')) {
        hanging.emit('asked');
        await once(signal, 'abort');
        hanging.emit('left');
        signal.throwIfAborted();
      }
      if (how.includes('away')) throw unavailable('The bus is full', 3);
      if (how.includes('conflict')) throw new StreamFlowError('Conflict', 'It has changed');
      throw new TypeError('secret detail of the inside');
    },
  },
];

let server: TestServer;
const { log, lines } = createTestLog();
beforeEach(async () => {
  lines.length = 0;
  server = await startTestServer(routes, { log });
});
afterEach(() => server.close());

const post = (url: string, payload: object | string | Buffer, headers: Record<string, string> = writer) =>
  server.app.inject({ method: 'POST', url, headers, payload });
const get = (url: string, headers: Record<string, string> = reader) => server.app.inject({ url, headers });

describe('a request', () => {
  it('reaches its handler parsed, with the caller and the correlation id, and is answered with its status', async () => {
    const answer = await post('/events', event, { ...writer, 'x-correlation-id': 'order-7:eu' });
    expect(answer.statusCode).toBe(201);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.headers['x-correlation-id']).toBe('order-7:eu');
    expect(answer.json()).toMatchObject({ body: event, principal: 'writer', correlationId: 'order-7:eu' });
    expect(server.recorded).toEqual([{ method: 'POST', pattern: '/events', status: 201 }]);
  });

  it.each(['a b', 'x\ty', '"><script>', 'é', 'a'.repeat(129), '', '-dash'])(
    'gets a new correlation id for %j, which never comes back',
    async (given) => {
      const answer = await post('/events', event, { ...writer, 'x-correlation-id': given });
      expect(answer.headers['x-correlation-id']).toBe(newId);
    },
  );

  it('is answered with the headers that keep browsers from guessing', async () => {
    for (const url of ['/events', '/nowhere', '/health', '/docs']) {
      const { headers } = await get(url);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
      });
    }
  });

  it('is logged at DEBUG when that is asked for', async () => {
    const debugged: unknown[] = [];
    await server.close();
    server = await startTestServer(routes, {
      logRequests: () => true,
      log: { ...log, debug: (message, fields) => void debugged.push([message, fields]) },
    });
    await post('/events', event);
    expect(debugged).toEqual([
      [
        'Request answered',
        {
          correlation_id: newId,
          duration: expect.any(Number),
          method: 'POST',
          route: '/events',
          status: 201,
          user_id: 'writer',
        },
      ],
    ]);
  });

  it('streams what a handler streams, in the content type of its contract', async () => {
    const answer = await get('/events/export');
    expect(answer.headers['content-type']).toBe('application/x-ndjson; charset=utf-8');
    expect(answer.body).toBe('{"a":1}\n{"a":2}\n');
  });
});

describe('errors', () => {
  const shape = (code: string, extra: object = {}) => ({
    error: code,
    message: expect.any(String),
    details: {},
    timestamp: new Date(testNow).toISOString(),
    correlation_id: newId,
    ...extra,
  });

  it('have the documented shape, also for routes that are not there', async () => {
    const answer = await get('/nowhere?x=1');
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toEqual(shape('NotFound'));
    expect(server.recorded).toEqual([{ method: 'GET', pattern: 'unmatched', status: 404 }]);
  });

  it('name the methods that a path has', async () => {
    const answer = await server.app.inject({ method: 'DELETE', url: `/events/${id}` });
    expect(answer.statusCode).toBe(405);
    expect(answer.headers.allow).toBe('GET, HEAD');
    expect(answer.json()).toEqual(
      shape('MethodNotAllowed', { details: { allowed_values: ['GET', 'HEAD'] } }),
    );
  });

  it('never leak what a defect says, but log it with the correlation id', async () => {
    const answer = await get('/fail/defect');
    expect(answer.statusCode).toBe(500);
    expect(answer.json()).toEqual(shape('InternalError'));
    expect(answer.body).not.toMatch(/inside|TypeError/);
    expect(lines).toMatchObject([
      {
        level: 'error',
        fields: { correlation_id: newId, route: '/fail/:how', error: expect.any(TypeError) },
      },
    ]);
  });

  it('are no defect when it is the client that went away', async () => {
    const { port } = await server.listen('127.0.0.1', 0);
    const client = new AbortController();
    const asked = once(hanging, 'asked');
    const answer = fetch(`http://127.0.0.1:${port}/fail/hang`, { signal: client.signal });
    await asked;
    const left = once(hanging, 'left');
    client.abort();
    await expect(answer).rejects.toThrow();
    await left;
    await server.close();
    expect(lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('say when to come back', async () => {
    const answer = await get('/fail/away');
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBe('3');
    expect(answer.json()).toEqual(shape('ServiceUnavailable', { message: 'The bus is full' }));
    expect(lines).toEqual([]);
    expect((await get('/fail/conflict')).statusCode).toBe(409);
  });

  it.each(['/%', '/events/%zz', '/%c0%ae', '/events/%'])('answer 400 to the path %s', async (url) => {
    const answer = await get(url);
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error).toBe('BadRequest');
  });

  it('answer 404 to a path segment beyond all bounds', async () => {
    expect((await get(`/events/${'a'.repeat(3000)}`)).statusCode).toBe(404);
  });
});

describe('bodies', () => {
  it.each([
    ['{"type":', 'BadRequest', 400],
    ['', 'BadRequest', 400],
    [Buffer.from([0x22, 0xff, 0xfe, 0x22]), 'BadRequest', 400],
    ['{"type":"web.click","source":"s","data":{"__proto__":{}}}', 'ValidationError', 422],
    ['[[[[[[[[[[]]]]]]]]]]', 'ValidationError', 422],
    ['null', 'ValidationError', 422],
  ])('refuses %j', async (payload, error, status) => {
    const answer = await post('/events', payload);
    expect(answer.json().error).toBe(error);
    expect(answer.statusCode).toBe(status);
  });

  it('names every field that is wrong: missing, unknown, of the wrong type or value', async () => {
    const answer = await post('/events', {
      type: 'web.click',
      severity: 'urgent',
      tags: ['a', 7],
      user_id: 5,
      id: 'x',
      usr: 1,
    });
    expect(answer.statusCode).toBe(422);
    const { details } = answer.json();
    expect(details.field).toBe('source');
    expect(details.issues).toEqual([
      { field: 'source', message: 'source is missing' },
      {
        field: 'usr',
        message: 'usr is not a known field',
        allowed_values: expect.arrayContaining(['type', 'source', 'user_id']),
      },
      { field: 'id', message: expect.stringContaining('UUID') },
      {
        field: 'severity',
        message: 'severity must be one of low, medium, high, critical',
        allowed_values: ['low', 'medium', 'high', 'critical'],
      },
      { field: 'user_id', message: 'user_id must be a string or null' },
      { field: 'tags.1', message: 'tags.1 must be a string' },
    ]);
  });

  it.each([
    ['application/x-www-form-urlencoded'],
    ['application/json; charset=latin1'],
    ['multipart/form-data; boundary=x'],
    ['json'],
  ])('answers 415 to %s', async (type) => {
    const answer = await post('/events', '{}', { ...writer, 'content-type': type });
    expect(answer.statusCode).toBe(415);
    expect(answer.json().error).toBe('UnsupportedMediaType');
  });

  it.each(['application/json', 'Application/JSON; charset=UTF-8', 'application/json;charset="utf-8"'])(
    'takes %s',
    async (type) => {
      expect(
        (await post('/events', JSON.stringify(event), { ...writer, 'content-type': type })).statusCode,
      ).toBe(201);
    },
  );

  it('takes what a contract consumes beside JSON, and only there', async () => {
    const beacon = { ...writer, 'content-type': 'text/plain;charset=UTF-8' };
    expect((await post('/events/batch', '{}', beacon)).json()).toEqual({ bytes: 2, query: {} });
    expect((await post('/events', '{}', beacon)).statusCode).toBe(415);
  });
});

describe('queries', () => {
  const listed = async (query: string) => (await get(`/events${query}`)).json();

  it('are coerced as the contract says', async () => {
    expect((await listed('?limit=5&type=a&type=b&tag=x&user_id=7&order=asc&type=%2B+c')).query).toEqual({
      limit: 5,
      type: ['a', 'b', '+ c'],
      tag: ['x'],
      user_id: ['7'],
      order: 'asc',
    });
    expect((await post('/events/batch?partial=true', '{}')).json().query).toEqual({ partial: true });
  });

  it('pass on unknown parameters where the contract allows them, as they are', async () => {
    const url = '?data.page=%2Fa&data.n=1&data.n=2&__proto__=x&constructor=y';
    expect(JSON.stringify((await listed(url)).query)).toBe(
      '{"data.page":"/a","data.n":["1","2"],"__proto__":"x","constructor":"y"}',
    );
  });

  it.each([
    ['?limit=5&limit=6', 'limit', 'limit may be given only once'],
    ['?limit=abc', 'limit', 'limit must be an integer'],
    ['?limit=0', 'limit', 'limit must be >= 1'],
    ['?limit=1e3', 'limit', 'limit must be an integer'],
    ['?limit=', 'limit', 'limit must be an integer'],
    ['?order=up', 'order', 'order must be one of desc, asc'],
    ['?severity=low&severity=hot', 'severity.1', 'severity.1 must be one of low, medium, high, critical'],
    ['?start=yesterday', 'start', 'start must be a time like 2023-12-01T12:00:00Z (RFC 3339)'],
  ])('%s is 422 and names the parameter', async (query, field, message) => {
    const answer = await get(`/events${query}`);
    expect(answer.statusCode).toBe(422);
    expect(answer.json()).toMatchObject({ error: 'ValidationError', message, details: { field } });
  });

  it('refuse parameters that a route does not know, by name', async () => {
    const answer = await post('/events/batch?partal=true', '{}');
    expect(answer.statusCode).toBe(422);
    expect(answer.json().details).toMatchObject({ field: 'partal', allowed_values: ['partial', 'api_key'] });
    expect((await get(`/events/${id}?x=1`)).statusCode).toBe(422);
  });

  it('with a NUL are 422: not every engine can compare with it', async () => {
    for (const query of ['?type=a%00b', '?user_id=%00', '?type=a&type=%00']) {
      const answer = await get(`/events${query}`);
      expect([answer.statusCode, answer.json().error]).toEqual([422, 'ValidationError']);
    }
  });

  it('that are not percent encoded well are 400', async () => {
    for (const query of ['?type=%', '?type=%ff', '?%e0%80=1'])
      expect((await get(`/events${query}`)).statusCode).toBe(400);
  });

  it('are checked after the path, whose parameters are checked too', async () => {
    const answer = await get('/events/not-a-uuid');
    expect(answer.statusCode).toBe(422);
    expect(answer.json().details.field).toBe('event_id');
  });
});

describe('compressed bodies', () => {
  it('are inflated before they are parsed', async () => {
    const answer = await post('/events', gzipSync(JSON.stringify(event)), {
      ...writer,
      'content-encoding': 'gzip',
    });
    expect(answer.json().body).toEqual(event);
  });

  it('are refused with 415 in an encoding that is not known, also twice compressed', async () => {
    for (const encoding of ['zstd', 'gzip, gzip', 'compress']) {
      const answer = await post('/events', 'x', { ...writer, 'content-encoding': encoding });
      expect(answer.statusCode).toBe(415);
      expect(answer.json().details.allowed_values).toEqual(['gzip', 'deflate', 'br']);
    }
  });
});
