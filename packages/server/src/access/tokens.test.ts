import { createHmac, createSign, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { jwtVerify, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import type { UserRecord } from '../domain/records/users.ts';
import { jwt } from './access.fixture.ts';
import { createTokens, type TokenAlgorithm } from './tokens.ts';

const start = Date.UTC(2023, 11, 1, 12);
const seconds = start / 1000;
const key = new TextEncoder().encode(jwt.secret);
const user: UserRecord = {
  id: '9b1c3f6a-0000-4000-8000-000000000001',
  project: 'default',
  version: 3,
  created_at: start,
  updated_at: start,
  email: 'ann@example.org',
  password_hash: 'not for tokens',
  role: 'analyst',
  disabled: false,
  session_epoch: 2,
  last_login_at: null,
};
const session = { id: 'a session', expires_at: start + 86_400_000 };
const good = {
  iss: jwt.issuer,
  aud: jwt.audience,
  sub: user.id,
  role: 'analyst',
  project: 'default',
  type: 'access',
  epoch: 2,
  sid: session.id,
  jti: 'j',
  iat: seconds,
  nbf: seconds,
  exp: seconds + 1800,
};

const clock = { time: start, now: () => clock.time };
const make = (more: Partial<typeof jwt> = {}) =>
  createTokens({ ...jwt, ...more, clock, newId: () => crypto.randomUUID() });
const tokens = make();

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const sign = (header: unknown, payload: unknown, hash = 'sha256', secret = jwt.secret): string => {
  const signed = `${encode(header)}.${encode(payload)}`;
  return `${signed}.${createHmac(hash, secret).update(signed).digest('base64url')}`;
};
const hs256 = { alg: 'HS256', typ: 'JWT' };

describe('tokens', () => {
  it.each<TokenAlgorithm>(['HS256', 'HS384', 'HS512'])(
    'of %s are good to another implementation',
    async (algorithm) => {
      const { token, expiresIn } = make({ algorithm }).issue(user, session);
      expect(expiresIn).toBe(1800);
      const { payload, protectedHeader } = await jwtVerify(token, key, {
        algorithms: [algorithm],
        issuer: jwt.issuer,
        audience: jwt.audience,
        currentDate: new Date(start),
      });
      expect(protectedHeader).toEqual({ alg: algorithm, typ: 'JWT' });
      expect(payload).toEqual({ ...good, jti: expect.any(String) });
      expect(JSON.stringify(payload)).not.toContain(user.password_hash);
    },
  );

  it('of another implementation are good when they say all that is needed', async () => {
    const token = await new SignJWT({
      role: 'viewer',
      project: 'default',
      type: 'access',
      epoch: 2,
      sid: 's',
    })
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer(jwt.issuer)
      .setAudience(jwt.audience)
      .setSubject(user.id)
      .setJti('x')
      .setIssuedAt(seconds)
      .setNotBefore(seconds)
      .setExpirationTime(seconds + 60)
      .sign(key);
    expect(tokens.verify(token)).toEqual({
      sub: user.id,
      project: 'default',
      epoch: 2,
      sid: 's',
      exp: seconds + 60,
    });
  });

  it('last no longer than their session', () => {
    const { token, expiresIn } = tokens.issue(user, { id: 's', expires_at: start + 60_000 });
    expect([expiresIn, tokens.verify(token)?.exp]).toEqual([60, seconds + 60]);
  });

  it('of a secret before are taken while it is named, and new ones are of the new secret', () => {
    const next = 'the next secret of the tests, of at least 32 bytes';
    const changed = make({ secret: next, previousSecrets: [jwt.secret] });
    const old = tokens.issue(user, session).token;
    expect(changed.verify(old)).not.toBeNull();
    expect(make({ secret: next }).verify(old)).toBeNull();
    expect(make({ secret: next }).verify(changed.issue(user, session).token)).not.toBeNull();
    expect(changed.verify(sign({ alg: 'none' }, good))).toBeNull();
  });

  it('are refused from the second of their expiry on, and not before', () => {
    const { token } = tokens.issue(user, session);
    clock.time = start + 1_799_999;
    expect(tokens.verify(token)).not.toBeNull();
    clock.time = start + 1_800_000;
    expect(tokens.verify(token)).toBeNull();
    clock.time = start;
  });

  it('are taken from servers whose clock is half a minute ahead, no more', () => {
    for (const claim of ['nbf', 'iat']) {
      expect(tokens.verify(sign(hs256, { ...good, [claim]: seconds + 30 }))).not.toBeNull();
      expect(tokens.verify(sign(hs256, { ...good, [claim]: seconds + 31 }))).toBeNull();
    }
  });

  it.each([
    ['none', { alg: 'none', typ: 'JWT' }],
    ['None', { alg: 'None', typ: 'JWT' }],
    ['another HMAC', { alg: 'HS512', typ: 'JWT' }],
    ['RS256', { alg: 'RS256', typ: 'JWT' }],
    ['no alg', { typ: 'JWT' }],
    ['another type', { alg: 'HS256', typ: 'at+jwt' }],
    ['kid', { ...hs256, kid: '../../dev/null' }],
    ['jku', { ...hs256, jku: 'https://attacker.example/keys' }],
    ['x5u', { ...hs256, x5u: 'https://attacker.example/cert' }],
    ['jwk', { ...hs256, jwk: { kty: 'oct', k: 'AAAA' } }],
    ['x5c', { ...hs256, x5c: ['AAAA'] }],
    ['crit', { ...hs256, crit: ['exp'] }],
    ['b64', { ...hs256, b64: false }],
    ['a list', [hs256]],
    ['null', null],
  ])('are refused for the header: %s, though signed with the secret', (_name, header) => {
    expect(tokens.verify(sign(header, good))).toBeNull();
    expect(tokens.verify(sign(header, good, 'sha512'))).toBeNull();
  });

  it('are refused without a signature, whatever the header says', () => {
    for (const alg of ['none', 'NONE', 'HS256'])
      expect(tokens.verify(`${encode({ alg, typ: 'JWT' })}.${encode(good)}.`)).toBeNull();
  });

  it('are refused when signed by another secret or by a key pair', () => {
    expect(tokens.verify(sign(hs256, good, 'sha256', 'another secret of at least 32 bytes!'))).toBeNull();
    expect(tokens.verify(sign(hs256, good, 'sha256', ''))).toBeNull();
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const signed = `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(good)}`;
    const signature = createSign('sha256').update(signed).sign(privateKey).toString('base64url');
    expect(tokens.verify(`${signed}.${signature}`)).toBeNull();
  });

  it.each([
    ['iss', 'other'],
    ['aud', 'other'],
    ['aud', [jwt.audience]],
    ['sub', ''],
    ['sub', 7],
    ['sub', { $ne: null }],
    ['role', 'root'],
    ['project', ''],
    ['type', 'refresh'],
    ['epoch', '2'],
    ['sid', undefined],
    ['exp', String(seconds + 1800)],
    ['exp', null],
    ['exp', seconds],
    ['nbf', 'now'],
    ['iat', undefined],
    ['jti', undefined],
    ['exp', undefined],
  ])('are refused for the claim %s: %j', (claim, value) => {
    expect(tokens.verify(sign(hs256, good))).not.toBeNull();
    expect(tokens.verify(sign(hs256, { ...good, [claim]: value }))).toBeNull();
  });

  it.each(['', '.', '..', '...', 'a.b', 'a.b.c', 'a.b.c.d', `${'.'.repeat(2000)}`, '\u0000', 'é.é.é'])(
    'that are none are refused: %j',
    (text) => {
      expect(tokens.verify(text)).toBeNull();
    },
  );

  it('are refused with any one character changed, also where the bytes stay the same', () => {
    const { token } = tokens.issue(user, session);
    fc.assert(
      fc.property(
        fc.nat({ max: token.length - 1 }),
        fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. '),
        (index, letter) => {
          const changed = token.slice(0, index) + letter + token.slice(index + 1);
          expect(tokens.verify(changed) !== null).toBe(changed === token);
        },
      ),
      { numRuns: 2000 },
    );
    for (const more of ['=', '\n', ' ', 'A']) expect(tokens.verify(token + more)).toBeNull();
  });
});
