import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { users } from '../../domain/records/users.ts';
import { startTestServer, type TestServer } from '../../http/server.fixture.ts';
import { openTestAccess, project, sessionLifetimeMs, type TestAccess } from '../access.fixture.ts';
import { createSessionCookie } from './session-cookie.ts';

let test: TestAccess;
let server: TestServer;
let annId: string;
const ann = 'ann@example.org';

beforeEach(async () => {
  test = await openTestAccess();
  server = await startTestServer(test.access.authRoutes(), {
    access: { allowAnonymous: false, authenticate: test.access.authenticate },
    clock: test.clock,
  });
  annId = await test.addUser(ann);
});
afterEach(async () => {
  await server.close();
  await test.close();
});

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const answer = await server.app.inject({
    method: 'POST',
    url: path,
    headers: { 'content-type': 'application/json', ...headers },
    payload: JSON.stringify(body),
  });
  return { status: answer.statusCode, body: answer.json(), headers: answer.headers };
}
const login = (more: object = {}, headers = {}) =>
  post('/auth/login', { username: ann, password: `password of ${ann}`, ...more }, headers);
const refresh = (refresh_token: string) => post('/auth/refresh', { refresh_token });
const meStatus = async (token: string) =>
  (await server.app.inject({ url: '/auth/me', headers: { authorization: `Bearer ${token}` } })).statusCode;
/** As another process sees it, which is told of nothing. */
const forgetWithTime = () => {
  test.clock.time += 5000;
};

describe('refreshing', () => {
  it('answers a new access token and the next refresh token, not for caches', async () => {
    const first = (await login()).body;
    const next = await refresh(first.refresh_token);
    expect([next.status, next.headers['cache-control']]).toEqual([200, 'no-store']);
    expect(next.body.refresh_token).not.toBe(first.refresh_token);
    expect(await meStatus(next.body.access_token)).toBe(200);
    expect((await refresh(next.body.refresh_token)).status).toBe(200);
  });

  it('answers a retry within ten seconds with the same successor, also when both come at once', async () => {
    const { refresh_token } = (await login()).body;
    const both = await Promise.all([refresh(refresh_token), refresh(refresh_token)]);
    test.clock.time += 9_999;
    const successors = [...both, await refresh(refresh_token)].map(({ body }) => body.refresh_token);
    expect(successors[0]).toMatch(/^sfr_/);
    expect(new Set(successors).size).toBe(1);
  });

  it.each([
    ['ten seconds after its use', 10_000, 1],
    ['as soon as its successor is used too', 0, 2],
  ])('ends the whole session when a used token comes %s', async (_name, later, uses) => {
    const { refresh_token, access_token } = (await login()).body;
    const other = (await login()).body;
    let last = refresh_token;
    for (let use = 0; use < uses; use++) last = (await refresh(last)).body.refresh_token;
    test.clock.time += later;
    expect((await refresh(refresh_token)).status).toBe(401);
    expect((await refresh(last)).status).toBe(401);
    forgetWithTime();
    expect(await meStatus(access_token)).toBe(401);
    expect(await meStatus(other.access_token)).toBe(200);
  });

  it('does not outlive the session, nor do its access tokens', async () => {
    let { refresh_token } = (await login()).body;
    test.clock.time += sessionLifetimeMs - 60_000;
    const late = (await refresh(refresh_token)).body;
    expect([late.expires_in, late.refresh_expires_in]).toEqual([60, 60]);
    refresh_token = late.refresh_token;
    test.clock.time += 60_000;
    expect((await refresh(refresh_token)).status).toBe(401);
    expect(await meStatus(late.access_token)).toBe(401);
  });

  it.each([
    ['was disabled', { disabled: true }],
    ['has a new password', { password: 'another password' }],
  ])('is refused when the user %s', async (_name, change) => {
    const { refresh_token } = (await login()).body;
    await test.accounts.change({ project, id: annId }, change);
    expect((await refresh(refresh_token)).status).toBe(401);
  });

  it.each(['x', 'sfr_', 'sfr_a_1_b'])('refuses %s', async (token) => {
    expect((await refresh(token)).status).toBe(401);
  });

  it('refuses a token whose generation or signature was changed', async () => {
    const { refresh_token } = (await login()).body;
    const [start, family, , signature] = refresh_token.split('_');
    expect((await refresh(`${start}_${family}_2_${signature}`)).status).toBe(401);
    const last = refresh_token.endsWith('A') ? 'B' : 'A';
    expect((await refresh(refresh_token.slice(0, -1) + last)).status).toBe(401);
    expect((await refresh(refresh_token)).status).toBe(200);
  });

  it('takes no access token, nor is a refresh token one', async () => {
    const { refresh_token, access_token } = (await login()).body;
    expect((await refresh(access_token)).status).toBe(401);
    expect(await meStatus(refresh_token)).toBe(401);
  });
});

describe('signing out', () => {
  it('ends this session at once here and within 5 s elsewhere, and no other one', async () => {
    const [one, two] = [(await login()).body, (await login()).body];
    expect(await meStatus(one.access_token)).toBe(200);
    const out = await post('/auth/logout', { refresh_token: one.refresh_token });
    expect([out.status, out.body.data]).toEqual([200, { ended: true }]);
    expect(await meStatus(one.access_token)).toBe(401);
    expect((await refresh(one.refresh_token)).status).toBe(401);
    expect(await meStatus(two.access_token)).toBe(200);
    const again = await post('/auth/logout', { refresh_token: one.refresh_token });
    expect([again.status, again.body.data]).toEqual([200, { ended: false }]);
    expect((await post('/auth/logout', { refresh_token: 'x' })).body.data).toEqual({ ended: false });
  });
});

describe('the session of a browser', () => {
  const cookieOf = (headers: Record<string, unknown>) => String(headers['set-cookie']).split(';')[0] ?? '';

  it('keeps the refresh token in a cookie that no script reads and no other site sends', async () => {
    const { body, headers } = await login({ session: 'cookie' });
    expect(body).not.toHaveProperty('refresh_token');
    expect(headers['set-cookie']).toMatch(
      /^streamflow_session=sfr_\S+; Max-Age=604800; Path=\/; HttpOnly; SameSite=Strict$/,
    );
    const next = await post('/auth/refresh', {}, { cookie: `a=b; ${cookieOf(headers)}` });
    expect(next.status).toBe(200);
    expect(next.body).not.toHaveProperty('refresh_token');
    expect(await meStatus(next.body.access_token)).toBe(200);
    const out = await post('/auth/logout', {}, { cookie: cookieOf(next.headers) });
    expect(out.body.data).toEqual({ ended: true });
    expect(out.headers['set-cookie']).toContain('Max-Age=0');
    expect(await meStatus(next.body.access_token)).toBe(401);
  });

  it('opens nothing but refreshing and signing out', async () => {
    const { headers } = await login({ session: 'cookie' });
    const me = await server.app.inject({ url: '/auth/me', headers: { cookie: cookieOf(headers) } });
    expect(me.statusCode).toBe(401);
  });

  it.each(['https://evil.example', 'http://localhost:3000', 'null'])(
    'is neither opened, used nor ended by a page of %s',
    async (origin) => {
      const own = await login({ session: 'cookie' }, { origin: 'http://localhost:80' });
      expect(own.status).toBe(200);
      const cookie = cookieOf(own.headers);
      expect((await login({ session: 'cookie' }, { origin })).status).toBe(403);
      for (const path of ['/auth/refresh', '/auth/logout'])
        expect((await post(path, {}, { cookie, origin })).status).toBe(403);
      expect((await post('/auth/refresh', {}, { cookie })).status).toBe(200);
    },
  );

  it('needs JSON, which no form sends', async () => {
    const cookie = cookieOf((await login({ session: 'cookie' })).headers);
    const headers = { cookie, 'content-type': 'text/plain' };
    expect((await post('/auth/refresh', {}, headers)).status).toBe(415);
    const empty = await server.app.inject({ method: 'POST', url: '/auth/refresh', headers: { cookie } });
    expect(empty.statusCode).toBe(400);
  });

  it('is none without the cookie', async () => {
    expect((await post('/auth/refresh', {})).status).toBe(401);
  });
});

it('behind TLS the cookie is for TLS and this host alone', () => {
  const cookie = createSessionCookie({ secure: true });
  expect(cookie.set('x', 60)).toBe(
    '__Host-streamflow_session=x; Max-Age=60; Path=/; HttpOnly; SameSite=Strict; Secure',
  );
  expect(cookie.read({ cookie: 'streamflow_session=a; __Host-streamflow_session=b' })).toBe('b');
  expect(cookie.read({ cookie: 'streamflow_session=a' })).toBeNull();
});

describe('changing one’s password', () => {
  const change = (token: string, current_password: string, new_password = 'a new password') =>
    post('/auth/password', { current_password, new_password }, { authorization: `Bearer ${token}` });

  it('ends all other sessions and not this one', async () => {
    const [own, other] = [(await login()).body, (await login()).body];
    expect(await meStatus(other.access_token)).toBe(200);
    const { status, body } = await change(own.access_token, `password of ${ann}`);
    expect(status).toBe(200);
    expect(await meStatus(body.access_token)).toBe(200);
    expect((await refresh(own.refresh_token)).status).toBe(200);
    expect(await meStatus(other.access_token)).toBe(401);
    expect((await refresh(other.refresh_token)).status).toBe(401);
    expect((await login()).status).toBe(401);
    expect((await login({ password: 'a new password' })).status).toBe(200);
  });

  it('needs the present password, a good new one, and a user', async () => {
    const { access_token } = (await login()).body;
    expect((await change(access_token, 'wrong')).status).toBe(401);
    const short = await change(access_token, `password of ${ann}`, 'short');
    expect([short.status, short.body.details.field]).toEqual([422, 'new_password']);
    const { key } = await test.addKey(['admin']);
    expect((await change(key, 'x')).status).toBe(403);
    expect((await test.records.get(users, { project, id: annId }))?.session_epoch).toBe(1);
  });
});

describe('guessing passwords', () => {
  const guess = (username: string, remoteAddress = '192.0.2.1') =>
    server.app.inject({
      method: 'POST',
      url: '/auth/login',
      headers: { 'content-type': 'application/json' },
      payload: JSON.stringify({ username, password: 'wrong' }),
      remoteAddress,
    });

  it('waits longer and longer by account, known or not, and never more than ten seconds', async () => {
    for (const account of [ann, 'nobody@example.org']) {
      const before = test.waits.length;
      for (let n = 0; n < 11; n++) await guess(account, `192.0.2.${n}`);
      expect(test.waits.slice(before)).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
    }
  });

  it('sent all at once waits one longer than the other', async () => {
    await Promise.all(Array.from({ length: 6 }, () => guess(ann)));
    expect(test.waits.toSorted((a, b) => a - b)).toEqual([250, 500, 1000]);
  });

  it('waits by address too, whatever the accounts', async () => {
    for (let n = 0; n < 22; n++) await guess(`u${n}@example.org`);
    expect(test.waits).toEqual([250, 500]);
  });

  it('locks nobody out: the right password gets in, and is not slow afterwards', async () => {
    for (let n = 0; n < 30; n++) await guess(ann, `192.0.2.${n}`);
    expect((await login()).status).toBe(200);
    const before = test.waits.length;
    expect((await login()).status).toBe(200);
    expect(test.waits.length).toBe(before);
  });

  it('is forgotten after a quarter of an hour', async () => {
    for (let n = 0; n < 6; n++) await guess(ann);
    test.clock.time += 900_000;
    const before = test.waits.length;
    await guess(ann);
    expect(test.waits.length).toBe(before);
  });
});
