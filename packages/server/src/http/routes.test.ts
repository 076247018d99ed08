import {
  createEvent,
  createEventBatch,
  defineRoute,
  getEvent,
  listEvents,
  login,
} from '@streamflow/contracts';
import { afterEach, describe, expect, it } from 'vitest';
import { StreamFlowError } from '../domain/errors.ts';
import { startTestServer, type TestServer, testNow } from './server.fixture.ts';
import type { MountedRoute } from './service.ts';

const id = '550e8400-e29b-41d4-a716-446655440000';
const event = { type: 'web.click', source: 'website' };
const json = { 'content-type': 'application/json' };
const writer = { ...json, authorization: 'Bearer writer-key' };
const reader = { authorization: 'Bearer reader-token' };

const echo: MountedRoute['handle'] = ({ body, query, params, principal, correlationId, address }) => ({
  body,
  query,
  params,
  principal: principal.id,
  correlationId,
  address,
});

const routes: readonly MountedRoute[] = [
  { contract: createEvent, handle: echo },
  { contract: createEventBatch, body: 'raw', handle: ({ rawBody }) => ({ bytes: rawBody.length }) },
  { contract: getEvent, handle: echo },
  { contract: listEvents, handle: echo },
  { contract: login, handle: async ({ body }) => body },
];

let server: TestServer;
afterEach(() => server.close());

describe('routes', () => {
  it('hands the parsed body, the caller and the correlation id to the handler, and answers with its status', async () => {
    server = await startTestServer(routes);
    const answer = await server.app.inject({
      method: 'POST',
      url: '/events',
      headers: { ...writer, 'x-correlation-id': 'order-7:eu' },
      payload: event,
    });
    expect(answer.statusCode).toBe(201);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.headers['x-correlation-id']).toBe('order-7:eu');
    expect(answer.json()).toMatchObject({ body: event, principal: 'writer', correlationId: 'order-7:eu' });
    expect(server.recorded).toEqual([{ method: 'POST', pattern: '/events', status: 201 }]);
  });
});
