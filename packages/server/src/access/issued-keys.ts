import type { Scope } from '@streamflow/contracts';
import { apiKeyPrefix, makeApiKey } from '../domain/access/api-key.ts';
import type { Clock } from '../domain/clock.ts';
import { StreamFlowError } from '../domain/errors.ts';
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
}

export interface IssuedKeys {
  /** The key itself is in this answer and nowhere else: the records hold its hash. */
  issue(key: NewKey): Promise<{ readonly key: string; readonly record: ApiKeyRecord }>;
  /** Ends the key for ever; a key that has ended stays as it is. */
  revoke(ref: RecordRef): Promise<ApiKeyRecord>;
}

export function createIssuedKeys(options: {
  readonly records: RecordStore;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly randomBytes: (size: number) => Uint8Array;
}): IssuedKeys {
  const { records, clock, newId, randomBytes } = options;
  return {
    async issue({ project, name, scopes, createdBy, expiresAt, requestsPerMinute }) {
      const key = makeApiKey(randomBytes);
      const record = await records.insert(apiKeys, {
        id: newId(),
        project,
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
