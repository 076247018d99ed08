import { createHmac, timingSafeEqual } from 'node:crypto';
import { roles } from '@streamflow/contracts';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import type { Clock } from '../domain/clock.ts';
import type { SessionRecord } from '../domain/records/sessions.ts';
import type { UserRecord } from '../domain/records/users.ts';

export type TokenAlgorithm = 'HS256' | 'HS384' | 'HS512';

export interface TokenOptions {
  /** At least 32 bytes; the same on every server. */
  readonly secret: string;
  /** Secrets before it whose tokens are still taken, while servers change over. */
  readonly previousSecrets?: readonly string[];
  /** The one algorithm that is used and accepted. */
  readonly algorithm: TokenAlgorithm;
  /** How long a token is good for, minutes. */
  readonly expireMinutes: number;
  readonly issuer: string;
  readonly audience: string;
}

/** The claims of a token, after all checks. */
export interface TokenClaims {
  /** Id of the user. */
  readonly sub: string;
  readonly project: string;
  /** The user's `session_epoch` at sign-in. */
  readonly epoch: number;
  /** Id of the session. */
  readonly sid: string;
  /** Seconds since the epoch. */
  readonly exp: number;
}

export interface IssuedToken {
  readonly token: string;
  /** Seconds. */
  readonly expiresIn: number;
}

export interface Tokens {
  /** A token of the session; it lasts no longer than that. */
  issue(user: UserRecord, session: Pick<SessionRecord, 'id' | 'expires_at'>): IssuedToken;
  /** The claims, or null when the token is not to be believed, for whatever reason. */
  verify(token: string): TokenClaims | null;
}

/** How far the clocks of our servers may be apart, seconds: a token that another has made just now is taken. */
const skewSeconds = 30;

// Nothing else: `kid`, `jku`, `x5u`, `jwk`, `crit` and the like ask a verifier to look keys up or to know more rules.
const Header = Type.Object(
  { alg: Type.String(), typ: Type.Optional(Type.Literal('JWT')) },
  { additionalProperties: false },
);

const Claims = Type.Object({
  iss: Type.String(),
  aud: Type.String(),
  sub: Type.String({ minLength: 1, maxLength: 64 }),
  /** What the user may do is read from the records; the role is for those who look into the token. */
  role: Type.Enum([...roles]),
  project: Type.String({ minLength: 1, maxLength: 64 }),
  /** What kind of token: only this one opens the API. */
  type: Type.Literal('access'),
  epoch: Type.Integer(),
  sid: Type.String({ minLength: 1, maxLength: 64 }),
  jti: Type.String({ minLength: 1, maxLength: 64 }),
  iat: Type.Number(),
  nbf: Type.Number(),
  exp: Type.Number(),
});

const header = Compile(Header);
const claims = Compile(Claims);

/**
 * JWTs by HMAC. Not by a general library: there is one algorithm and, but for a change of secrets, one key, so a token is
 * verified by making its signature again and comparing, before anything in it is read; and synchronously, off the thread pool that the log's
 * flushes use.
 */
export function createTokens(
  options: TokenOptions & { readonly clock: Clock; readonly newId: () => string },
): Tokens {
  const { secret, previousSecrets = [], algorithm, expireMinutes, issuer, audience, clock, newId } = options;
  const secrets = [secret, ...previousSecrets];
  const hash = `sha${algorithm.slice(2)}`;
  const head = encode({ alg: algorithm, typ: 'JWT' });
  const sign = (text: string, key: string): string => createHmac(hash, key).update(text).digest('base64url');

  return {
    issue(user, session) {
      const now = Math.floor(clock.now() / 1000);
      const left = Math.floor(session.expires_at / 1000) - now;
      const expiresIn = Math.max(0, Math.min(Math.round(expireMinutes * 60), left));
      const payload: Type.Static<typeof Claims> = {
        iss: issuer,
        aud: audience,
        sub: user.id,
        role: user.role,
        project: user.project,
        type: 'access',
        epoch: user.session_epoch,
        sid: session.id,
        jti: newId(),
        iat: now,
        nbf: now,
        exp: now + expiresIn,
      };
      const signed = `${head}.${encode(payload)}`;
      return { token: `${signed}.${sign(signed, secret)}`, expiresIn };
    },

    verify(token) {
      const first = token.indexOf('.');
      const last = token.lastIndexOf('.');
      if (first <= 0 || last === first || token.indexOf('.', first + 1) !== last) return null;
      // As text, not as bytes: base64url has several spellings of the same bytes, and only ours is good.
      const [signed, signature] = [token.slice(0, last), token.slice(last + 1)];
      if (!secrets.some((key) => equal(signature, sign(signed, key)))) return null;
      const protectedHeader = decode(token.slice(0, first));
      if (!header.Check(protectedHeader) || protectedHeader.alg !== algorithm) return null;
      const payload = decode(token.slice(first + 1, last));
      if (!claims.Check(payload) || payload.iss !== issuer || payload.aud !== audience) return null;
      const now = clock.now() / 1000;
      if (now >= payload.exp || now < payload.nbf - skewSeconds || now < payload.iat - skewSeconds)
        return null;
      const { sub, project, epoch, sid, exp } = payload;
      return { sub, project, epoch, sid, exp };
    },
  };
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function decode(segment: string): unknown {
  try {
    return JSON.parse(Buffer.from(segment, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
}

function equal(given: string, right: string): boolean {
  const a = Buffer.from(given);
  const b = Buffer.from(right);
  return a.length === b.length && timingSafeEqual(a, b);
}
