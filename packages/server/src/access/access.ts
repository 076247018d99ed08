import { randomBytes, randomUUID } from 'node:crypto';
import type { Clock } from '../domain/clock.ts';
import type { Log } from '../domain/log.ts';
import { systemTimers, type Timers } from '../domain/timers.ts';
import type { RecordStore } from '../engines/record-store/port.ts';
import type { AuditTrail } from '../http/audit.ts';
import type { MountedRoute, Principal } from '../http/service.ts';
import { createEnsureAdministrator, type EnsureAdministrator } from './administrator.ts';
import { createAuditTrail } from './audit-trail.ts';
import { createCredentialCache } from './credential-cache.ts';
import { createCredentials } from './credentials.ts';
import { createIssuedKeys } from './issued-keys.ts';
import { createKeyUsage } from './key-usage.ts';
import { createOwnPassword } from './own-password.ts';
import { createPasswordHasher, type PasswordHasher } from './password-hasher.ts';
import { createRefreshTokens } from './refresh-tokens.ts';
import { createApiKeyRoutes } from './routes/api-key-routes.ts';
import { createAuditRoute } from './routes/audit-route.ts';
import { createAuthRoutes } from './routes/auth-routes.ts';
import { createSessionCookie } from './routes/session-cookie.ts';
import { createUserRoutes } from './routes/user-routes.ts';
import { createSessionJournal } from './session-journal.ts';
import { createSessions, type SessionTokens } from './sessions.ts';
import { createCheckPassword, type GivenPassword } from './sign-in.ts';
import { createSignInDelay } from './sign-in-delay.ts';
import { createTokens, type TokenOptions } from './tokens.ts';
import { createUserAccounts } from './user-accounts.ts';

export interface AccessOptions {
  readonly records: RecordStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly jwt: TokenOptions;
  /** From sign-in to the end of a session, whatever is refreshed, milliseconds. */
  readonly sessionLifetimeMs: number;
  /** Whether browsers reach this server by TLS, so that cookies may be for TLS alone. */
  readonly secureCookies: boolean;
  /**
   * Milliseconds that API keys which were found good are taken beyond their age while the records cannot be asked; none
   * unless given.
   */
  readonly keyGraceMs?: number;
  /** For the delays of sign-in; those of the system unless given. */
  readonly timers?: Timers;
  /** That of `createPasswordHasher` unless given. */
  readonly passwords?: PasswordHasher;
  /** Unguessable bytes; those of the system unless given. */
  readonly randomBytes?: (size: number) => Uint8Array;
  /** UUIDs; random ones unless given. */
  readonly newId?: () => string;
}

export interface Access {
  /**
   * Who sends this JWT or API key. Answers at once for a credential that was seen in the last seconds. A revoked key, a
   * disabled user, a lowered role or a new password are noticed within five seconds, an expiry to the millisecond.
   * Throws or rejects with AuthenticationRequired, and within two seconds with ServiceUnavailable when the records
   * cannot be asked; API keys that were found good go on for `keyGraceMs` then.
   */
  authenticate(credential: string): Principal | Promise<Principal>;
  /** A session for an e-mail address and password; AuthenticationRequired. */
  signIn(given: GivenPassword): Promise<SessionTokens>;
  /** `/auth/*`, for every service. */
  authRoutes(): MountedRoute[];
  /** `/users`, `/api-keys` and `/audit`, for the dashboard. */
  adminRoutes(): MountedRoute[];
  /** Where changes are noted, on every service. */
  readonly audit: AuditTrail;
  readonly ensureAdministrator: EnsureAdministrator;
  /** Writes what is still to be written. The records stay open. */
  close(): Promise<void>;
}

/** Who may come in: users with passwords and tokens, programs with keys. */
export function createAccess(options: AccessOptions): Access {
  const { records, clock, log, passwords = createPasswordHasher(), keyGraceMs = 0 } = options;
  const random = { newId: options.newId ?? randomUUID, randomBytes: options.randomBytes ?? randomBytes };
  const tokens = createTokens({ ...options.jwt, clock, newId: random.newId });
  const usage = createKeyUsage({ records, clock, log });
  const credentials = createCredentials({ records, tokens, clock, onKeyUsed: usage.note });
  const cache = createCredentialCache({
    ...credentials,
    clock,
    timers: systemTimers,
    log,
    graceMs: ({ kind }) => (kind === 'key' ? keyGraceMs : 0),
  });
  const delay = createSignInDelay({ records, clock, timers: options.timers ?? systemTimers });
  const checkPassword = createCheckPassword({ records, passwords, delay, clock });
  const sessions = createSessions({
    records,
    tokens,
    refreshTokens: createRefreshTokens([options.jwt.secret, ...(options.jwt.previousSecrets ?? [])]),
    clock,
    ...random,
    lifetimeMs: options.sessionLifetimeMs,
  });
  const changeOwnPassword = createOwnPassword({ records, passwords, checkCurrent: checkPassword, tokens });
  const audit = createAuditTrail({ records, newId: random.newId, log });
  const journal = createSessionJournal({ audit, clock, log });
  const cookie = createSessionCookie({ secure: options.secureCookies });
  const accounts = createUserAccounts({ records, passwords, newId: random.newId });
  const keys = createIssuedKeys({ records, clock, ...random });

  return {
    authenticate: cache.authenticate,
    signIn: async (given) => sessions.open(await checkPassword(given)),
    authRoutes: () =>
      createAuthRoutes({
        checkPassword,
        sessions,
        changeOwnPassword,
        cookie,
        journal,
        clock,
        onChanged: cache.forget,
      }),
    adminRoutes: () => [
      ...createUserRoutes({ records, accounts, clock, log, onChanged: cache.forget }),
      ...createApiKeyRoutes({ records, keys, clock, log, onChanged: cache.forget }),
      createAuditRoute(records),
    ],
    audit,
    ensureAdministrator: createEnsureAdministrator({ records, accounts, randomBytes: random.randomBytes }),
    close: usage.flush,
  };
}
