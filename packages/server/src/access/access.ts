import { randomBytes, randomUUID } from 'node:crypto';
import type { TokenResponse } from '@streamflow/contracts';
import type { Clock } from '../domain/clock.ts';
import type { Log } from '../domain/log.ts';
import type { RecordStore } from '../engines/record-store/port.ts';
import type { MountedRoute, Principal } from '../http/service.ts';
import { createEnsureAdministrator, type EnsureAdministrator } from './administrator.ts';
import { createCredentialCache } from './credential-cache.ts';
import { createCredentials } from './credentials.ts';
import { createIssuedKeys } from './issued-keys.ts';
import { createKeyUsage } from './key-usage.ts';
import { createPasswordHasher, type PasswordHasher } from './password-hasher.ts';
import { createApiKeyRoutes } from './routes/api-key-routes.ts';
import { createAuthRoutes } from './routes/auth-routes.ts';
import { createUserRoutes } from './routes/user-routes.ts';
import { createSignIn } from './sign-in.ts';
import { createTokens, type TokenOptions } from './tokens.ts';
import { createUserAccounts } from './user-accounts.ts';

export interface AccessOptions {
  readonly records: RecordStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly jwt: TokenOptions;
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
   * Throws or rejects with AuthenticationRequired, and with ServiceUnavailable when the records cannot be asked.
   */
  authenticate(credential: string): Principal | Promise<Principal>;
  /** A token for an e-mail address and password; AuthenticationRequired. */
  signIn(username: string, password: string): Promise<TokenResponse>;
  /** `/auth/*`, for every service. */
  authRoutes(): MountedRoute[];
  /** `/users` and `/api-keys`, for the dashboard. */
  adminRoutes(): MountedRoute[];
  readonly ensureAdministrator: EnsureAdministrator;
  /** Writes what is still to be written. The records stay open. */
  close(): Promise<void>;
}

/** Who may come in: users with passwords and tokens, programs with keys. */
export function createAccess(options: AccessOptions): Access {
  const { records, clock, log, passwords = createPasswordHasher() } = options;
  const random = { newId: options.newId ?? randomUUID, randomBytes: options.randomBytes ?? randomBytes };
  const tokens = createTokens({ ...options.jwt, clock, newId: random.newId });
  const usage = createKeyUsage({ records, clock, log });
  const credentials = createCredentials({ records, tokens, clock, onKeyUsed: usage.note });
  const cache = createCredentialCache({ ...credentials, clock, log });
  const signIn = createSignIn({ records, passwords, tokens, clock });
  const accounts = createUserAccounts({ records, passwords, newId: random.newId });
  const keys = createIssuedKeys({ records, clock, ...random });

  return {
    authenticate: cache.authenticate,
    signIn,
    authRoutes: () => createAuthRoutes({ signIn, clock }),
    adminRoutes: () => [
      ...createUserRoutes({ records, accounts, clock, log, onChanged: cache.forget }),
      ...createApiKeyRoutes({ records, keys, clock, log, onRevoked: cache.forget }),
    ],
    ensureAdministrator: createEnsureAdministrator({ records, accounts, randomBytes: random.randomBytes }),
    close: usage.flush,
  };
}
