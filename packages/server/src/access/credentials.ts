import { createHash } from 'node:crypto';
import { isWellFormedApiKey, looksLikeApiKey } from '../domain/access/api-key.ts';
import type { Clock } from '../domain/clock.ts';
import { apiKeyPredecessors, apiKeyTerms } from '../domain/records/api-key-terms.ts';
import { type ApiKeyRecord, apiKeys } from '../domain/records/api-keys.ts';
import { sessions } from '../domain/records/sessions.ts';
import { users } from '../domain/records/users.ts';
import type { RecordReader } from '../engines/record-store/port.ts';
import { authenticationRequired, type Verified } from './credential-cache.ts';
import { keyPrincipal, userPrincipal } from './principals.ts';
import type { TokenClaims, Tokens } from './tokens.ts';

/** What a credential says, as far as can be told without the records. */
export type Inspected =
  | { readonly kind: 'key'; readonly hash: string }
  | { readonly kind: 'token'; readonly claims: TokenClaims };

/** No credential of ours is longer. */
const maxCredentialLength = 2048;

/** Keys have enough randomness that a fast hash without salt is as good as a slow one. */
export const hashApiKey = (key: string): string => createHash('sha256').update(key).digest('hex');

export interface CredentialsOptions {
  readonly records: RecordReader;
  readonly tokens: Tokens;
  readonly clock: Clock;
  /** Told of each key that was found good. */
  onKeyUsed(key: ApiKeyRecord): void;
}

export function createCredentials(options: CredentialsOptions): {
  inspect(credential: string): Inspected | null;
  verify(inspected: Inspected): Promise<Verified>;
} {
  const { records, tokens, clock, onKeyUsed } = options;

  const verifyToken = async (claims: TokenClaims): Promise<Verified> => {
    const { project } = claims;
    const [user, session] = await Promise.all([
      records.get(users, { project, id: claims.sub }),
      records.get(sessions, { project, id: claims.sid }),
    ]);
    if (user === null || user.disabled || user.session_epoch !== claims.epoch) throw authenticationRequired();
    if (session === null || session.ended_at !== null || session.user_id !== user.id)
      throw authenticationRequired();
    return { principal: userPrincipal(user, session.id), expiresAt: claims.exp * 1000 };
  };

  /** The key of this hash, or the one that had it before it was rotated, and how long that makes it good. */
  const findKey = async (hash: string): Promise<{ key: ApiKeyRecord | null; goodUntil: number }> => {
    const key = await records.find(apiKeys, { key_hash: hash });
    if (key !== null) return { key, goodUntil: Number.POSITIVE_INFINITY };
    const before = await records.find(apiKeyPredecessors, { key_hash: hash });
    if (before === null) return { key: null, goodUntil: 0 };
    const { project, id, good_until } = before;
    return { key: await records.get(apiKeys, { project, id }), goodUntil: good_until };
  };

  const verifyKey = async (hash: string): Promise<Verified> => {
    const { key, goodUntil } = await findKey(hash);
    const expiresAt = Math.min(key?.expires_at ?? goodUntil, goodUntil);
    if (key === null || key.revoked_at !== null || clock.now() >= expiresAt) throw authenticationRequired();
    const terms = await records.get(apiKeyTerms, { project: key.project, id: key.id });
    onKeyUsed(key);
    return { principal: keyPrincipal(key, terms), expiresAt };
  };

  return {
    inspect(credential) {
      if (credential.length > maxCredentialLength) return null;
      if (looksLikeApiKey(credential))
        return isWellFormedApiKey(credential) ? { kind: 'key', hash: hashApiKey(credential) } : null;
      const claims = tokens.verify(credential);
      return claims === null ? null : { kind: 'token', claims };
    },
    verify: (inspected) =>
      inspected.kind === 'key' ? verifyKey(inspected.hash) : verifyToken(inspected.claims),
  };
}
