import type { Scope } from '@streamflow/contracts';
import { apiKeyPrefix, makeApiKey } from '../domain/access/api-key.ts';
import type { Clock } from '../domain/clock.ts';
import { StreamFlowError } from '../domain/errors.ts';
import { apiKeyPredecessors, apiKeyTerms } from '../domain/records/api-key-terms.ts';
import { type ApiKeyRecord, apiKeys } from '../domain/records/api-keys.ts';
import type { RecordRef, RecordStore } from '../engines/record-store/port.ts';
import { hashApiKey } from './credentials.ts';

export interface NewKey {
  readonly project: string;
  readonly name: string;
  readonly scopes: Scope[];
  /** Id of whoever asks for it. */
  readonly createdBy: string;
  /** Milliseconds since the epoch; null for ever. */
  readonly expiresAt: number | null;
  /** null for the configured rate. */
  readonly requestsPerMinute: number | null;
  /** null for anybody. */
  readonly allowedOrigins: string[] | null;
  /** null for all. */
  readonly eventTypes: string[] | null;
}

export interface IssuedKey {
  readonly key: string;
  readonly record: ApiKeyRecord;
}

export interface IssuedKeys {
  /** The key itself is in this answer and nowhere else: the records hold its hash. */
  issue(key: NewKey): Promise<IssuedKey>;
  /** Ends the key for ever; a key that has ended stays as it is. */
  revoke(ref: RecordRef): Promise<ApiKeyRecord>;
  /** Puts a new key in the place of the one that is, which stays good for so long; `Conflict` when that has ended. */
  rotate(ref: RecordRef, overlapMs: number): Promise<IssuedKey>;
}

export function createIssuedKeys(options: {
  readonly records: RecordStore;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly randomBytes: (size: number) => Uint8Array;
}): IssuedKeys {
  const { records, clock, newId, randomBytes } = options;
  return {
    async issue({
      project,
      name,
      scopes,
      createdBy,
      expiresAt,
      requestsPerMinute,
      allowedOrigins,
      eventTypes,
    }) {
      const key = makeApiKey(randomBytes);
      const ref = { project, id: newId() };
      const record = await records.transaction(async (tx) => {
        if (allowedOrigins !== null || eventTypes !== null)
          await tx.insert(apiKeyTerms, { ...ref, allowed_origins: allowedOrigins, event_types: eventTypes });
        return tx.insert(apiKeys, {
          ...ref,
          name,
          key_hash: hashApiKey(key),
          prefix: apiKeyPrefix(key),
          scopes,
          expires_at: expiresAt,
          revoked_at: null,
          created_by: createdBy,
          last_used_at: null,
          requests_per_minute: requestsPerMinute,
        });
      });
      return { key, record };
    },

    async rotate(ref, overlapMs) {
      const key = makeApiKey(randomBytes);
      const record = await records.transaction(async (tx) => {
        const before = await tx.get(apiKeys, ref);
        if (before === null) throw new StreamFlowError('NotFound', 'There is no such API key');
        const now = clock.now();
        if (before.revoked_at !== null || (before.expires_at ?? Number.POSITIVE_INFINITY) <= now)
          throw new StreamFlowError('Conflict', 'This API key has ended; make a new one');
        await tx.delete(apiKeyPredecessors, ref);
        await tx.insert(apiKeyPredecessors, {
          ...ref,
          key_hash: before.key_hash,
          good_until: now + overlapMs,
        });
        return tx.update(apiKeys, ref, { key_hash: hashApiKey(key), prefix: apiKeyPrefix(key) });
      });
      return { key, record };
    },

    revoke: (ref) =>
      records.transaction(async (tx) => {
        const key = await tx.get(apiKeys, ref);
        if (key === null) throw new StreamFlowError('NotFound', 'There is no such API key');
        return key.revoked_at === null ? tx.update(apiKeys, ref, { revoked_at: clock.now() }) : key;
      }),
  };
}
