import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { unavailable } from '../../domain/errors.ts';
import { users } from '../../domain/records/users.ts';
import { startTestServer, type TestServer } from '../../http/server.fixture.ts';
import { openTestAccess, project, type TestAccess } from '../access.fixture.ts';

let test: TestAccess;
let server: TestServer;
let admin: string;
let adminId: string;

beforeEach(async () => {
  test = await openTestAccess();
  server = await startTestServer([...test.access.authRoutes(), ...test.access.adminRoutes()], {
    access: { allowAnonymous: false, authenticate: test.access.authenticate },
    clock: test.clock,
    audit: test.access.audit,
  });
  adminId = await test.addUser('admin@example.org', 'admin');
  admin = await signIn('admin@example.org');
});
afterEach(async () => {
  await server.close();
  await test.close();
});

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';
async function send(method: Method, url: string, body?: unknown, headers: Record<string, string> = {}) {
  const answer = await server.app.inject({
    method,
    url,
    headers: {
      authorization: `Bearer ${admin}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
  });
  expect(answer.body).not.toMatch(/hash/);
  return { status: answer.statusCode, body: answer.json(), headers: answer.headers };
}
const login = (username: string, password: string) =>
  send('POST', '/auth/login', { username, password }, { authorization: '' });
const signIn = async (email: string): Promise<string> =>
  (await login(email, `password of ${email}`)).body.access_token;
const as = (token: string) => ({ authorization: `Bearer ${token}` });

describe('signing in', () => {
  it('answers a bearer token in the documented shape, not for caches', async () => {
    const { status, body, headers } = await login('admin@example.org', 'password of admin@example.org');
    expect(status).toBe(200);
    expect(body).toEqual({
      access_token: expect.any(String),
      token_type: 'bearer',
      expires_in: 1800,
      refresh_token: expect.any(String),
      refresh_expires_in: 7 * 24 * 3600,
    });
    expect(headers['cache-control']).toBe('no-store');
    expect((await send('GET', '/auth/me', undefined, as(body.access_token))).body).toEqual({
      success: true,
      message: expect.any(String),
      data: {
        kind: 'user',
        id: adminId,
        name: 'admin@example.org',
        role: 'admin',
        permissions: expect.arrayContaining(['admin', 'events:write']),
        project,
      },
      timestamp: expect.any(String),
    });
  });

  it('answers unknown user, wrong password and disabled user alike', async () => {
    const id = await test.addUser('gone@example.org');
    await test.accounts.change({ project, id }, { disabled: true });
    const answers = await Promise.all([
      login('nobody@example.org', 'x'),
      login('admin@example.org', 'x'),
      login('gone@example.org', 'password of gone@example.org'),
    ]);
    for (const { status, body } of answers) {
      expect(status).toBe(401);
      const { correlation_id, ...rest } = body;
      const { correlation_id: _first, ...first } = answers[0].body;
      expect(rest).toEqual(first);
    }
  });

  it.each([
    {},
    { username: 'a' },
    { username: 'a', password: 'b', more: 1 },
    { username: 1, password: 'b' },
    [],
  ])('refuses the body %j', async (body) => {
    expect((await send('POST', '/auth/login', body)).status).toBe(422);
  });
});

describe('users', () => {
  const ann = { email: 'Ann@Example.org', password: 'a good password', role: 'analyst' };

  it('are made, read, listed and found by address', async () => {
    const made = await send('POST', '/users', ann);
    expect(made.status).toBe(201);
    expect(made.headers.etag).toBe('"1"');
    expect(made.body.data).toEqual({
      id: expect.any(String),
      email: 'ann@example.org',
      role: 'analyst',
      disabled: false,
      created_at: '2023-12-01T12:00:00.000Z',
      updated_at: '2023-12-01T12:00:00.000Z',
      last_login_at: null,
      version: 1,
    });
    const { id } = made.body.data;
    expect((await send('GET', `/users/${id}`)).body.data).toEqual(made.body.data);
    expect((await send('GET', `/users/${id.toUpperCase()}`)).status).toBe(200);
    const found = await send('GET', '/users?email=ANN%40example.org');
    expect(found.body.data).toEqual([made.body.data]);
    expect((await send('GET', '/users?role=admin&disabled=false')).body.pagination.total).toBe(1);
    expect((await login('ann@example.org', 'a good password')).status).toBe(200);
  });

  it('are listed page by page, by number and by cursor, newest first', async () => {
    for (let n = 0; n < 6; n++) {
      test.clock.time += 1000;
      await test.addUser(`u${n}@example.org`);
    }
    const first = await send('GET', '/users?limit=3');
    expect(first.body.data.map((user: { email: string }) => user.email)).toEqual([
      'u5@example.org',
      'u4@example.org',
      'u3@example.org',
    ]);
    expect(first.body.pagination).toEqual({
      page: 1,
      page_size: 3,
      total: 7,
      pages: 3,
      has_next: true,
      has_prev: false,
      next_cursor: expect.any(String),
    });
    const byNumber = await send('GET', '/users?limit=3&page=2');
    const byCursor = await send('GET', `/users?limit=3&cursor=${first.body.pagination.next_cursor}`);
    expect(byCursor.body).toEqual(byNumber.body);
    const last = await send('GET', `/users?limit=3&cursor=${byCursor.body.pagination.next_cursor}`);
    expect(last.body.data).toHaveLength(1);
    expect(last.body.pagination).toMatchObject({
      page: 3,
      has_next: false,
      has_prev: true,
      next_cursor: null,
    });
  });

  it.each([
    'x',
    'bnVsbA',
    Buffer.from('[1,2,"x"]').toString('base64url'),
    Buffer.from('[2,{},"x"]').toString('base64url'),
  ])('are not listed from the cursor %s', async (cursor) => {
    const { status, body } = await send('GET', `/users?cursor=${cursor}`);
    expect([status, body.details.field]).toEqual([422, 'cursor']);
  });

  it('have one address each, whatever its case', async () => {
    await send('POST', '/users', ann);
    const { status, body } = await send('POST', '/users', { ...ann, email: 'ANN@example.ORG' });
    expect([status, body.error, body.details.fields]).toEqual([409, 'Conflict', ['email']]);
  });

  it.each([
    ['email', { ...ann, email: 'ann' }],
    ['password', { ...ann, password: 'short' }],
    ['password', { ...ann, password: 'x'.repeat(1025) }],
    ['role', { ...ann, role: 'root' }],
    ['id', { ...ann, id: 'x' }],
    ['password_h', { ...ann, password_h: 'x' }],
  ])('are refused for %s', async (field, body) => {
    const answer = await send('POST', '/users', body);
    expect([answer.status, answer.body.details.field]).toEqual([422, field]);
    expect(answer.body.message).not.toContain('x'.repeat(1025));
  });

  it('are changed only as the version was that the caller has seen, when it says so', async () => {
    const id = await test.addUser('bob@example.org');
    const changed = await send('PATCH', `/users/${id}`, { role: 'analyst' }, { 'if-match': '"1"' });
    expect([changed.status, changed.headers.etag, changed.body.data.version]).toEqual([200, '"2"', 2]);
    expect((await send('PATCH', `/users/${id}`, { role: 'admin' }, { 'if-match': '"1"' })).status).toBe(409);
    expect((await send('PATCH', `/users/${id}`, { role: 'admin' }, { 'if-match': '*' })).status).toBe(200);
    for (const tag of ['1', '"a"', 'W/"3"', '"1", "3"'])
      expect((await send('PATCH', `/users/${id}`, { role: 'viewer' }, { 'if-match': tag })).status).toBe(422);
  });

  it('are not changed by an empty change, nor in what is not theirs to change', async () => {
    const id = await test.addUser('bob@example.org');
    for (const body of [{}, { email: 'new@example.org' }, { session_epoch: 1 }, { project: 'other' }, null])
      expect((await send('PATCH', `/users/${id}`, body)).status).toBe(422);
    expect((await test.records.get(users, { project, id }))?.version).toBe(1);
    const missing = '00000000-0000-4000-8000-000000000000';
    expect((await send('PATCH', `/users/${missing}`, { role: 'admin' })).status).toBe(404);
    expect((await send('GET', `/users/${missing}`)).status).toBe(404);
    expect((await send('GET', '/users/1')).status).toBe(422);
  });

  it('lose their sessions at once on the server that disables them', async () => {
    const id = await test.addUser('bob@example.org');
    const token = await signIn('bob@example.org');
    expect((await send('GET', '/auth/me', undefined, as(token))).status).toBe(200);
    expect((await send('PATCH', `/users/${id}`, { disabled: true })).body.data.disabled).toBe(true);
    expect((await send('GET', '/auth/me', undefined, as(token))).status).toBe(401);
  });

  it('keep an administrator: the last one is neither disabled nor lowered', async () => {
    for (const change of [{ disabled: true }, { role: 'viewer' }]) {
      const { status, body } = await send('PATCH', `/users/${adminId}`, change);
      expect([status, body.error]).toEqual([409, 'Conflict']);
    }
    const other = await test.addUser('other@example.org', 'admin');
    expect((await send('PATCH', `/users/${other}`, { disabled: true })).status).toBe(200);
    expect((await send('PATCH', `/users/${adminId}`, { role: 'viewer' })).status).toBe(409);
    await send('PATCH', `/users/${other}`, { disabled: false });
    expect((await send('PATCH', `/users/${adminId}`, { role: 'viewer' })).status).toBe(200);
  });

  it('keep one administrator when two are lowered at the same moment', async () => {
    const other = await test.addUser('other@example.org', 'admin');
    const answers = await Promise.all(
      [adminId, other].map((id) => send('PATCH', `/users/${id}`, { role: 'viewer' })),
    );
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409]);
  });
});

describe('API keys', () => {
  it('are shown once, used, and revoked for ever', async () => {
    const made = await send('POST', '/api-keys', {
      name: 'web',
      scopes: ['ingest', 'admin'],
      expires_at: '2024-01-01T01:00:00+01:00',
      requests_per_minute: 60,
    });
    expect(made.status).toBe(201);
    expect(made.headers['cache-control']).toBe('no-store');
    const { key, ...record } = made.body.data;
    expect(key).toMatch(/^sf_[0-9A-Za-z]{36}_[0-9A-Za-z]{6}$/);
    expect(record).toEqual({
      id: expect.any(String),
      name: 'web',
      prefix: key.slice(0, 9),
      scopes: ['ingest', 'admin'],
      requests_per_minute: 60,
      allowed_origins: null,
      event_types: null,
      previous_key_until: null,
      expires_at: '2024-01-01T00:00:00.000Z',
      revoked_at: null,
      created_by: adminId,
      created_at: '2023-12-01T12:00:00.000Z',
      last_used_at: null,
      version: 1,
    });
    expect((await send('GET', '/api-keys', undefined, as(key))).body.data).toEqual([record]);
    const revoked = await send('DELETE', `/api-keys/${record.id}`);
    expect(revoked.body.data).toMatchObject({ revoked_at: '2023-12-01T12:00:00.000Z' });
    expect((await send('GET', '/auth/me', undefined, as(key))).status).toBe(401);
    test.clock.time += 60_000;
    const again = await send('DELETE', `/api-keys/${record.id}`);
    expect(again.body.data).toEqual(revoked.body.data);
  });

  it('are rotated: the new key is good at once, the old one for the overlap, one before that no more', async () => {
    const { id, key } = await test.addKey(['read'], { requestsPerMinute: 7 });
    const rotate = (body: unknown) => send('POST', `/api-keys/${id}/rotate`, body);
    const status = async (credential: string) =>
      (await send('GET', '/auth/me', undefined, as(credential))).status;
    expect(await status(key)).toBe(200);
    const first = await rotate({ overlap_seconds: 60 });
    expect([first.status, first.headers['cache-control']]).toEqual([201, 'no-store']);
    expect(first.body.data).toMatchObject({
      id,
      requests_per_minute: 7,
      prefix: first.body.data.key.slice(0, 9),
      previous_key_until: '2023-12-01T12:01:00.000Z',
    });
    test.clock.time += 59_999;
    expect([await status(key), await status(first.body.data.key)]).toEqual([200, 200]);
    test.clock.time += 1;
    expect([await status(key), await status(first.body.data.key)]).toEqual([401, 200]);
    expect((await send('GET', '/api-keys')).body.data[0].previous_key_until).toBeNull();

    const second = await rotate({});
    const third = await rotate({ overlap_seconds: 0 });
    expect(await Promise.all([first, second, third].map(({ body }) => status(body.data.key)))).toEqual([
      401, 401, 200,
    ]);
    await send('DELETE', `/api-keys/${id}`);
    expect(await status(third.body.data.key)).toBe(401);
    expect((await rotate({})).status).toBe(409);
    expect((await rotate({ overlap_seconds: -1 })).status).toBe(422);
  });

  it('for pages are of no use elsewhere', async () => {
    const made = await send('POST', '/api-keys', {
      name: 'shop',
      scopes: ['ingest'],
      allowed_origins: ['https://shop.example'],
      event_types: ['web.click', 'custom.*'],
    });
    const { key, ...record } = made.body.data;
    expect(record).toMatchObject({
      allowed_origins: ['https://shop.example'],
      event_types: ['web.click', 'custom.*'],
    });
    expect((await send('GET', '/api-keys')).body.data).toEqual([record]);
    const from = async (origin: Record<string, string>) =>
      (await send('GET', '/auth/me', undefined, { ...as(key), ...origin })).status;
    expect(await from({ origin: 'https://shop.example' })).toBe(200);
    for (const origin of [
      'https://shop.example.evil',
      'http://shop.example',
      'https://shop.example:444',
      'null',
    ])
      expect(await from({ origin })).toBe(403);
    expect(await from({})).toBe(403);
  });

  it.each([
    ['scopes', { name: 'a', scopes: [] }],
    ['scopes.0', { name: 'a', scopes: ['root'] }],
    ['scopes', { name: 'a', scopes: ['read', 'read'] }],
    ['name', { name: '', scopes: ['read'] }],
    ['expires_at', { name: 'a', scopes: ['read'], expires_at: '2023-12-01T12:00:00Z' }],
    ['expires_at', { name: 'a', scopes: ['read'], expires_at: 'tomorrow' }],
    ['requests_per_minute', { name: 'a', scopes: ['read'], requests_per_minute: 0 }],
    ['allowed_origins', { name: 'a', scopes: ['read'], allowed_origins: [] }],
    ['allowed_origins.0', { name: 'a', scopes: ['read'], allowed_origins: ['https://a.example/path'] }],
    ['allowed_origins.0', { name: 'a', scopes: ['read'], allowed_origins: ['*'] }],
    ['event_types.0', { name: 'a', scopes: ['read'], event_types: ['a b'] }],
  ])('are refused for %s: %j', async (field, body) => {
    const answer = await send('POST', '/api-keys', body);
    expect([answer.status, answer.body.details.field]).toEqual([422, field]);
  });
});

it('opens users and keys to administrators alone', async () => {
  await test.addUser('analyst@example.org', 'analyst');
  const analyst = await signIn('analyst@example.org');
  const { key } = await test.addKey(['read', 'ingest', 'alerts']);
  const id = '00000000-0000-4000-8000-000000000000';
  const routes: [Method, string, unknown?][] = [
    ['GET', '/users'],
    ['POST', '/users', {}],
    ['GET', `/users/${id}`],
    ['PATCH', `/users/${id}`, {}],
    ['GET', '/audit'],
    ['GET', '/api-keys'],
    ['POST', '/api-keys', {}],
    ['DELETE', `/api-keys/${id}`],
    ['POST', `/api-keys/${id}/rotate`, {}],
  ];
  for (const [method, url, body] of routes) {
    for (const credential of [analyst, key])
      expect((await send(method, url, body, as(credential))).status).toBe(403);
    expect((await send(method, url, body, as('sf_wrong'))).status).toBe(401);
  }
});

describe('the audit log', () => {
  const entries = async (query = '') => (await send('GET', `/audit${query}`)).body.data;

  it('says who did what, when, from where and with what outcome, without any value', async () => {
    test.clock.time += 1000;
    const made = await send('POST', '/users', {
      email: 'eve@example.org',
      password: 'a very secret password',
      role: 'viewer',
    });
    test.clock.time += 1000;
    await send('PATCH', `/users/${adminId}`, { role: 'viewer' });
    const [lowered, created, signedIn] = await entries();
    expect(created).toEqual({
      id: expect.any(String),
      timestamp: '2023-12-01T12:00:01.000Z',
      actor: { kind: 'user', id: adminId, name: 'admin@example.org' },
      action: 'createUser',
      target: made.body.data.id,
      fields: ['email', 'password', 'role'],
      status: 201,
      address: '127.0.0.1',
      correlation_id: expect.any(String),
    });
    expect(lowered).toMatchObject({ action: 'updateUser', target: adminId, fields: ['role'], status: 409 });
    expect(signedIn).toMatchObject({ action: 'login', target: adminId, status: 200 });
    expect(JSON.stringify(await entries())).not.toContain('secret password');
  });

  it('is narrowed by actor, action and target, and read page by page', async () => {
    const { id, key } = await test.addKey(['admin']);
    for (let n = 0; n < 3; n++) await send('POST', '/api-keys', { name: `k${n}`, scopes: ['read'] }, as(key));
    await send('DELETE', `/api-keys/${id}`);
    expect(await entries(`?actor_id=${id}`)).toHaveLength(3);
    expect(await entries('?action=createApiKey')).toHaveLength(3);
    expect(await entries(`?target=${id}`)).toEqual([expect.objectContaining({ action: 'revokeApiKey' })]);
    const page = (await send('GET', '/audit?limit=2')).body;
    expect([page.data.length, page.pagination.total]).toEqual([2, 5]);
  });

  it('has no entry for reading, for what was refused at the door, nor for sending a form that is wrong', async () => {
    const before = (await entries()).length;
    await send('GET', '/users');
    await send('POST', '/users', {});
    await send('POST', '/users', {}, as('nobody'));
    expect(await entries()).toHaveLength(before);
  });

  it('has refused sign-ins: to whom, and from where, but nothing that was typed', async () => {
    test.clock.time += 1000;
    expect((await login('admin@example.org', 'guessed once')).status).toBe(401);
    test.clock.time += 1000;
    expect((await login('hunter2-typed-as-a-name', 'guessed twice')).status).toBe(401);
    const [unknown, known] = await entries('?action=login');
    expect(known).toMatchObject({
      actor: { kind: 'user', id: adminId, name: 'admin@example.org' },
      target: adminId,
      status: 401,
      address: '127.0.0.1',
    });
    expect(unknown).toMatchObject({ actor: { kind: 'user', id: '', name: '' }, target: null, status: 401 });
    expect(JSON.stringify(await entries())).not.toMatch(/hunter2|guessed/);
  });

  it('comes before the change: what cannot be noted is not done', async () => {
    const failing = { open: () => Promise.reject(unavailable('away')) };
    await server.close();
    server = await startTestServer(test.access.adminRoutes(), {
      access: { allowAnonymous: false, authenticate: test.access.authenticate },
      clock: test.clock,
      audit: failing,
    });
    const body = { email: 'eve@example.org', password: 'a good password', role: 'viewer' };
    expect((await send('POST', '/users', body)).status).toBe(503);
    expect(await test.records.count(users, { project })).toBe(1);
  });
});
