import { once } from 'node:events';
import { serviceNames } from '@streamflow/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { complaintsOf, jsonOf } from './complaints.ts';
import { closeConnections, each, exchange } from './exchange.ts';
import type { Operation } from './openapi.ts';
import { sendRaw } from './raw.ts';
import { encode, openWorld, sign, type World } from './world.ts';

let world: World;
let sockets: readonly Operation[];
beforeAll(async () => {
  world = await openWorld({ RATE_LIMIT_WEBSOCKETS_PER_IP: '1000' });
  sockets = world.operations.filter(({ isSocket }) => isSocket);
}, 90_000);
afterAll(async () => {
  closeConnections();
  await world?.stop();
}, 60_000);

const upgrade = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
};

/** Handshakes that must be refused before the upgrade: what is wrong, its headers, and the answer. */
const handshakes: readonly [string, Record<string, string>, number, string][] = [
  ['a page of another site', { origin: 'https://evil.example' }, 403, 'PermissionDenied'],
  ['a page of another port', { origin: 'http://127.0.0.1:1' }, 403, 'PermissionDenied'],
  ['a page without an origin', { origin: 'null' }, 403, 'PermissionDenied'],
  ['an old version', { 'sec-websocket-version': '7' }, 400, 'BadRequest'],
  ['a key that is none', { 'sec-websocket-key': 'x' }, 400, 'BadRequest'],
  ['another protocol', { upgrade: 'h2c' }, 400, 'BadRequest'],
  ['another scheme', { authorization: 'Basic YQ==' }, 401, 'AuthenticationRequired'],
];

it('sockets refuse handshakes as the table says, before the upgrade', async () => {
  const wrong: string[] = [];
  for (const { service, path } of sockets)
    await each(handshakes, 4, async ([name, headers, status, code]) => {
      const answer = await exchange({
        port: world.server.ports[service],
        method: 'GET',
        path,
        headers: { ...upgrade, ...headers },
      });
      const found = complaintsOf(answer, world.secrets);
      if (answer.status !== status || jsonOf(answer.text).error !== code)
        found.push(`answered ${answer.status} ${answer.text}`);
      if (found.length > 0) wrong.push(`${service} ${path}: ${name}: ${found.join('; ')}`);
    });
  expect(sockets.length).toBeGreaterThan(0);
  expect(wrong).toEqual([]);
});

/** Sends a frame on an open socket; resolves with what came back, and the code when it was closed. */
async function converse(
  operation: Operation,
  query: string,
  frame: string | Buffer | null,
  patienceMs: number,
): Promise<{ replies: string[]; code: number | null }> {
  const socket = new WebSocket(
    `ws://127.0.0.1:${world.server.ports[operation.service]}${operation.path}${query}`,
  );
  const replies: string[] = [];
  socket.on('message', (data) => replies.push(String(data)));
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  socket.on('error', () => {});
  await once(socket, 'open');
  if (frame !== null) socket.send(frame);
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), patienceMs);
  });
  const code = await Promise.race([closed, patience]);
  clearTimeout(timer);
  socket.terminate();
  return { replies, code };
}

const auth = (token: unknown): string => JSON.stringify({ type: 'auth', token });

/** First frames of a stranger; all of them close the socket with 1008, after saying why. */
const strangers: readonly [string, (world: World) => string | Buffer | null, string][] = [
  ['silence', () => null, 'AuthenticationRequired'],
  ['no JSON', () => '{', 'BadRequest'],
  ['bytes', () => Buffer.from('{}'), 'BadRequest'],
  [
    'an event before auth',
    () => '{"type":"event","data":{"event_type":"web.click"}}',
    'AuthenticationRequired',
  ],
  ['a first frame of 5 KB', () => auth('x'.repeat(5000)), 'AuthenticationRequired'],
  ['auth without a token', () => '{"type":"auth"}', 'AuthenticationRequired'],
  ['auth with a number', () => auth(1), 'AuthenticationRequired'],
  ['auth with an object', () => auth({ $ne: null }), 'AuthenticationRequired'],
  ['auth with nonsense', () => auth('nonsense'), 'AuthenticationRequired'],
  [
    'auth of alg none',
    ({ claims }) => auth(`${encode({ alg: 'none' })}.${encode(claims)}.`),
    'AuthenticationRequired',
  ],
  [
    'auth with another secret',
    ({ claims }) => auth(sign({ alg: 'HS256', typ: 'JWT' }, claims, 'sha256', 'x')),
    'AuthenticationRequired',
  ],
  ['auth with a revoked key', ({ credentials }) => auth(credentials.revokedKey), 'AuthenticationRequired'],
  ['auth with an expired key', ({ credentials }) => auth(credentials.expiredKey), 'AuthenticationRequired'],
  ['auth of a disabled user', ({ credentials }) => auth(credentials.disabledUser), 'AuthenticationRequired'],
  [
    'auth with a refresh token',
    ({ credentials }) => auth(credentials.refreshToken),
    'AuthenticationRequired',
  ],
];

it('sockets close on strangers who do not say who they are, in five seconds at the latest', async () => {
  const wrong: string[] = [];
  for (const operation of sockets)
    await each(strangers, strangers.length, async ([name, make, code]) => {
      const outcome = await converse(operation, '', make(world), 7000);
      const told = jsonOf(outcome.replies[0] ?? '');
      if (outcome.code !== 1008 || told.type !== 'error' || told.error !== code)
        wrong.push(`${operation.path}: ${name}: ${outcome.code} ${outcome.replies.join(' ')}`);
    });
  expect(wrong).toEqual([]);
});

/** Frames of somebody who may send: what they are answered, and the code where they close the socket. */
const frames: readonly [string, string | Buffer, string | null, number | null][] = [
  ['no JSON', '{"type":', 'BadRequest', null],
  ['bytes', Buffer.from('{}'), 'BadRequest', null],
  ['a list', '[]', 'ValidationError', null],
  ['null', 'null', 'ValidationError', null],
  ['no type', '{}', 'ValidationError', null],
  ['an unknown type', '{"type":"no_such_type"}', 'ValidationError', null],
  ['the type __proto__', '{"type":"__proto__"}', 'ValidationError', null],
  ['an unknown field', '{"type":"ping","no_such_field":1}', 'ValidationError', null],
  [
    'a frame nested deep',
    `{"type":"event","data":${'{"a":'.repeat(500)}1${'}'.repeat(500)}}`,
    'ValidationError',
    null,
  ],
  ['a frame beyond the limit', `"${'x'.repeat(6 * 1024 * 1024)}"`, null, 1009],
];

it('sockets answer bad frames as the table says, and stay', async () => {
  const wrong: string[] = [];
  for (const operation of sockets)
    await each(frames, frames.length, async ([name, frame, error, code]) => {
      const outcome = await converse(operation, `?token=${world.roles.admin}`, frame, 1500);
      // A socket that tells may have told something before.
      const told = outcome.replies.map(jsonOf).find(({ type }) => type === 'error');
      if (outcome.code !== code || (error !== null && told?.error !== error))
        wrong.push(`${operation.path}: ${name}: ${outcome.code} ${outcome.replies.join(' ').slice(0, 200)}`);
    });
  expect(wrong).toEqual([]);
});

describe('what is no good HTTP', () => {
  const host = 'host: a\r\n';
  /** By the bytes that are sent, which no client would. */
  const requests: readonly [string, string, number][] = [
    [
      'two lengths',
      `POST /auth/login HTTP/1.1\r\n${host}content-length: 2\r\ncontent-length: 3\r\n\r\n{}`,
      400,
    ],
    [
      'a length and chunks',
      `POST /auth/login HTTP/1.1\r\n${host}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    [
      'chunks twice',
      `POST /auth/login HTTP/1.1\r\n${host}transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ['a length below zero', `POST /auth/login HTTP/1.1\r\n${host}content-length: -1\r\n\r\n`, 400],
    ['a NUL in a header', `GET /auth/me HTTP/1.1\r\n${host}x-a: \u0000\r\n\r\n`, 400],
    ['a name with a space', `GET /auth/me HTTP/1.1\r\n${host}content length: 1\r\n\r\n`, 400],
    ['no host', 'GET /auth/me HTTP/1.1\r\nconnection: close\r\n\r\n', 400],
    ['an unknown method', `HACK / HTTP/1.1\r\n${host}\r\n`, 400],
    ['no HTTP', '\u0016\u0003\u0001\u0002\u0000\u0001\u0000', 400],
    ['a header of 20 KB', `GET /auth/me HTTP/1.1\r\n${host}x-a: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
    ['an address of 20 KB', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n${host}\r\n`, 431],
  ];

  it('is refused by every service in our own shape', async () => {
    const wrong: string[] = [];
    for (const service of serviceNames)
      await each(requests, 4, async ([name, bytes, status]) => {
        const answer = await sendRaw(world.server.ports[service], bytes);
        const found = complaintsOf(answer, world.secrets);
        if (answer.status !== status) found.push(`answered ${answer.status} ${answer.text}`);
        if (found.length > 0) wrong.push(`${service}: ${name}: ${found.join('; ')}`);
      });
    expect(wrong).toEqual([]);
  });
});
