import { gzipSync } from 'node:zlib';
import type { ErrorCode } from '@streamflow/contracts';
import type { Request } from './exchange.ts';
import { nowhere, type Operation, type Parameter, pathOf } from './openapi.ts';
import { encode, sign, type World } from './world.ts';

/* The table of the corpus: what may be wrong with a request, where it can be, and what must be answered to it. */

export interface Defect {
  readonly name: string;
  readonly status: number;
  readonly code: ErrorCode;
  /** What is wrong about the request to this operation; null where it cannot have the defect. */
  make(operation: Operation, world: World): Partial<Request> | null;
}

const bearer = (token: string): Partial<Request> => ({ headers: { authorization: `Bearer ${token}` } });
const hs256 = { alg: 'HS256', typ: 'JWT' };

/** A credential that must not open any route that asks for one. */
const stranger = (name: string, make: (world: World, operation: Operation) => Partial<Request>): Defect => ({
  name,
  status: 401,
  code: 'AuthenticationRequired',
  make: (operation, world) => (operation.permission === 'public' ? null : make(world, operation)),
});
/** As `stranger`, but for sockets, which may be opened by nobody and then have five seconds to say who it is. */
const onRoutes = (name: string, make: (world: World, operation: Operation) => Partial<Request>): Defect => ({
  ...stranger(name, make),
  make: (operation, world) =>
    operation.permission === 'public' || operation.isSocket ? null : make(world, operation),
});
const token = (name: string, make: (world: World) => string): Defect =>
  stranger(name, (world) => bearer(make(world)));
/** Rightly signed claims with one that is wrong. */
const claim = (name: string, wrong: Readonly<Record<string, unknown>>): Defect =>
  token(`a token ${name}`, ({ claims }) => sign(hs256, { ...claims, ...wrong }));
/** Rightly signed claims under a header that asks for more than a signature. */
const header = (name: string, more: Readonly<Record<string, unknown>>, hash?: string): Defect =>
  token(`a token with ${name}`, ({ claims }) => sign({ ...hs256, ...more }, claims, hash));

const seconds = (): number => Math.floor(Date.now() / 1000);

const authentication: readonly Defect[] = [
  onRoutes('no credential', () => ({})),
  stranger('another scheme', () => ({ headers: { authorization: 'Basic YWRtaW46YWRtaW4=' } })),
  stranger('another scheme beside a good key', ({ keys }) => ({
    headers: { authorization: 'Basic YQ==', 'x-api-key': keys.admin },
  })),
  onRoutes('a good token in the query', ({ roles }, operation) => ({
    // Where a query may carry a credential, it is not that of a token.
    path: `${pathOf(operation)}?access_token=${roles.admin}`,
  })),
  onRoutes('a good token as a cookie', ({ roles }) => ({
    headers: { cookie: `streamflow_session=${roles.admin}; authorization=${roles.admin}` },
  })),
  token('an empty token', () => ''),
  token('no JWT', () => 'a.b.c'),
  token('a token without a signature', ({ claims }) => `${encode({ alg: 'none' })}.${encode(claims)}.`),
  token('a token of alg none, rightly signed', ({ claims }) => sign({ alg: 'none', typ: 'JWT' }, claims)),
  token('a token signed by another secret', ({ claims }) => sign(hs256, claims, 'sha256', 'x'.repeat(64))),
  token('a token signed by nothing', ({ claims }) => sign(hs256, claims, 'sha256', '')),
  header('alg HS512', { alg: 'HS512' }, 'sha512'),
  header('alg RS256', { alg: 'RS256' }),
  header('kid of a path', { kid: '../../../../dev/null' }),
  header('kid of SQL', { kid: "x' union select 'secret" }),
  header('jku', { jku: 'http://127.0.0.1:9/keys' }),
  header('x5u', { x5u: 'http://127.0.0.1:9/cert' }),
  header('jwk', { jwk: { kty: 'oct', k: 'AAAA' } }),
  header('crit', { crit: ['exp'] }),
  claim('that has expired', { exp: 1 }),
  claim('of the future', { nbf: seconds() + 3600 }),
  claim('made in the future', { iat: seconds() + 3600 }),
  claim('that never expires', { exp: null }),
  claim('of another issuer', { iss: 'other' }),
  claim('for another audience', { aud: 'other' }),
  claim('of another kind', { type: 'refresh' }),
  claim('of no session', { sid: nowhere }),
  claim('of nobody', { sub: nowhere }),
  claim('of another project', { project: 'other' }),
  claim('from before a new password', { epoch: 0 }),
  token('a refresh token', ({ credentials }) => credentials.refreshToken),
  token('the token of a disabled user', ({ credentials }) => credentials.disabledUser),
  token('the token of a session that was signed out', ({ credentials }) => credentials.signedOut),
  token('a key with a wrong checksum', ({ keys }) => `${keys.admin.slice(0, -1)}!`),
  token('a key that was never made', () => 'sf_000000000000000000000000000000000000_000000'),
  token('a revoked key', ({ credentials }) => credentials.revokedKey),
  token('an expired key', ({ credentials }) => credentials.expiredKey),
  token('a key that was rotated away', ({ credentials }) => credentials.rotatedKey),
  token('a credential of 8 KB', () => 'x'.repeat(8000)),
];

/** Of requests that are the administrator's and wrong in something else. */
const wrong = (
  name: string,
  status: number,
  code: ErrorCode,
  make: (operation: Operation) => Partial<Request> | null,
): Defect => ({
  name,
  status,
  code,
  make(operation, { roles }) {
    const made = operation.isSocket ? null : make(operation);
    return made && { ...made, headers: { ...bearer(roles.admin).headers, ...made.headers } };
  },
});

const routing: readonly Defect[] = [
  wrong('a method that the path has not', 405, 'MethodNotAllowed', ({ methods }) =>
    methods.includes('PUT') ? null : { method: 'PUT' },
  ),
  wrong('a path that climbs', 404, 'NotFound', (operation) => ({
    path: `${pathOf(operation)}/%2e%2e/%2e%2e/etc/passwd`,
  })),
  wrong('a path that climbs in the open', 404, 'NotFound', (operation) => ({
    path: `${pathOf(operation)}/../../../etc/passwd`,
  })),
  wrong('a path whose percent encoding is broken', 400, 'BadRequest', (operation) => ({
    path: `${pathOf(operation)}/%zz`,
  })),
];

const inPath = (name: string, value: string): Defect =>
  wrong(`${name} in the path`, 422, 'ValidationError', (operation) =>
    operation.path.includes('{') ? { path: pathOf(operation, value) } : null,
  );

const paths: readonly Defect[] = [
  inPath('SQL', "1'%20or%20'1'='1"),
  inPath('a way up', '..%2f..%2fetc%2fpasswd'),
  inPath('a NUL', '%00'),
  inPath('a line break', '%0d%0aset-cookie:%20a=b'),
  inPath('a template', '%7B%7B7*7%7D%7D'),
];

const inQuery = (name: string, query: string, status = 422, code: ErrorCode = 'ValidationError'): Defect =>
  wrong(name, status, code, (operation) =>
    operation.isOperational || (operation.isPage && code === 'ValidationError')
      ? null
      : { path: `${pathOf(operation)}?${query}` },
  );
const ofParameter = (
  name: string,
  value: string,
  applies: (parameter: Parameter) => boolean,
  status = 422,
  code: ErrorCode = 'ValidationError',
): Defect =>
  wrong(name, status, code, (operation) => {
    const parameter = operation.parameters.find((one) => one.in === 'query' && applies(one));
    return parameter === undefined ? null : { path: `${pathOf(operation)}?${parameter.name}=${value}` };
  });
const isInteger = ({ schema }: Parameter): boolean => schema.type === 'integer';
const isChoice = ({ schema }: Parameter): boolean => schema.enum !== undefined;
const named =
  (...names: string[]) =>
  ({ name }: Parameter): boolean =>
    names.includes(name);
const sql = "'%20or%201=1;%20drop%20table%20users;--";

const queries: readonly Defect[] = [
  inQuery('an unknown parameter', 'no_such_parameter=1'),
  inQuery('the parameter __proto__', '__proto__=1'),
  inQuery('the parameter constructor', 'constructor=1'),
  inQuery('an unknown parameter with a bracket', 'limit[$gt]=1'),
  inQuery('a query whose percent encoding is broken', 'a=%zz', 400, 'BadRequest'),
  ofParameter('a number that is text', 'abc', isInteger),
  ofParameter('a number below its least', '-1', isInteger),
  ofParameter('a number beyond its most', '9999999999999999', isInteger),
  ofParameter('a number with a fraction', '1.5', isInteger),
  ofParameter('a number in hexadecimal', '0x10', isInteger),
  ofParameter('a number that is SQL', `1${sql}`, isInteger),
  ofParameter('a choice that is SQL', sql, isChoice),
  ofParameter('a choice in another case', 'ASC%00', isChoice),
  ofParameter('a time that is SQL', sql, named('start', 'from')),
  ofParameter('a time without an offset', 'yesterday', named('start', 'from')),
  ofParameter('a text with a NUL', 'a%00b', ({ schema }) => schema.type === 'string'),
  ofParameter('a cursor that is nonsense', 'x', named('cursor')),
  ofParameter('a cursor of another kind', encode([1, {}, null]), named('cursor')),
  ofParameter('an interval that is SQL', sql, named('interval')),
  ofParameter('a grouping that is SQL', sql, named('group_by')),
  wrong('a parameter twice', 422, 'ValidationError', (operation) => {
    const known = operation.parameters.find((one) => one.in === 'query' && isInteger(one));
    return known === undefined ? null : { path: `${pathOf(operation)}?${known.name}=1&${known.name}=1` };
  }),
  ...["a') or 1=1 --", 'a.b; drop table events', '*', '"', 'a"b', '__proto__.x', '{{7*7}}'].map((path) =>
    wrong(`a property path of ${path}`, 422, 'ValidationError', ({ path: route, parameters }) =>
      parameters.some(({ name }) => name === 'data.<path>') && route !== '/events/export'
        ? { path: `${route}?metric=count&data..${encodeURIComponent(path)}=1` }
        : null,
    ),
  ),
];

const json = { 'content-type': 'application/json' };
const inBody = (
  name: string,
  status: number,
  code: ErrorCode,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = json,
): Defect => wrong(name, status, code, (operation) => (operation.body === null ? null : { body, headers }));
const unacceptable = (name: string, body: string): Defect => inBody(name, 422, 'ValidationError', body);
const megabytes = (count: number): Buffer => Buffer.alloc(count * 1024 * 1024, ' ');

const bodies: readonly Defect[] = [
  inBody('no body', 400, 'BadRequest', ''),
  inBody('half of a body', 400, 'BadRequest', '{"a":'),
  inBody('two bodies', 400, 'BadRequest', '{}{}'),
  inBody('a body of NaN', 400, 'BadRequest', '{"a":NaN}'),
  inBody('a body that is no UTF-8', 400, 'BadRequest', Buffer.from([0x22, 0xff, 0xfe, 0x22])),
  inBody('a body that is no gzip', 400, 'BadRequest', '{}', { ...json, 'content-encoding': 'gzip' }),
  inBody('a compression that we lack', 415, 'UnsupportedMediaType', '{}', {
    ...json,
    'content-encoding': 'zstd',
  }),
  inBody('a compression twice', 415, 'UnsupportedMediaType', '{}', {
    ...json,
    'content-encoding': 'gzip, gzip',
  }),
  inBody('a body of XML', 415, 'UnsupportedMediaType', '<a/>', { 'content-type': 'application/xml' }),
  inBody('a form', 415, 'UnsupportedMediaType', 'a=b', {
    'content-type': 'application/x-www-form-urlencoded',
  }),
  inBody('no content type', 415, 'UnsupportedMediaType', '{}', {}),
  inBody('another charset', 415, 'UnsupportedMediaType', '{}', {
    'content-type': 'application/json; charset=utf-16',
  }),
  inBody('a body that is too large', 413, 'PayloadTooLarge', megabytes(6)),
  inBody('a bomb', 413, 'PayloadTooLarge', gzipSync(megabytes(64)), { ...json, 'content-encoding': 'gzip' }),
  unacceptable('a body that is a list', '[]'),
  unacceptable('a body that is null', 'null'),
  unacceptable('a body that is text', '"x"'),
  unacceptable('a body that is a number', '1'),
  unacceptable('a body that is a truth', 'true'),
  unacceptable('an unknown field', '{"no_such_field":1}'),
  unacceptable('the field __proto__', '{"__proto__":{"role":"admin"}}'),
  unacceptable('the field constructor', '{"constructor":{"prototype":{}}}'),
  unacceptable('a field of SQL', '{"a\'; drop table users; --":1}'),
  unacceptable('a body nested a thousand deep', `${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}`),
  unacceptable('half of a surrogate pair', '{"a":"\\ud800"}'),
  unacceptable('a NUL in text', '{"a":"\\u0000"}'),
  unacceptable('a number beyond all', '{"a":1e400}'),
  unacceptable('a number that is not exact', '{"a":12345678901234567890}'),
];

export const defects: readonly Defect[] = [...authentication, ...routing, ...paths, ...queries, ...bodies];
