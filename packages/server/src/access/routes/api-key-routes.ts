import {
  type ApiKey,
  ApiKeyParams,
  CreateApiKeyBody,
  type CreatedApiKey,
  createApiKey,
  listApiKeys,
  RecordListQuery,
  revokeApiKey,
} from '@streamflow/contracts';
import { Compile } from 'typebox/compile';
import type { Clock } from '../../domain/clock.ts';
import { validationError } from '../../domain/errors.ts';
import type { Log } from '../../domain/log.ts';
import { type ApiKeyRecord, apiKeys } from '../../domain/records/api-keys.ts';
import type { RecordReader } from '../../engines/record-store/port.ts';
import type { MountedRoute } from '../../http/service.ts';
import type { IssuedKeys } from '../issued-keys.ts';
import { envelope, timeText, timeTextOrNull } from './envelope.ts';
import { readPage } from './record-pages.ts';

const listQuery = Compile(RecordListQuery);
const params = Compile(ApiKeyParams);
const createBody = Compile(CreateApiKeyBody);

export interface ApiKeyRoutesOptions {
  readonly records: RecordReader;
  readonly keys: IssuedKeys;
  readonly clock: Clock;
  readonly log: Log;
  /** Told when a key may no longer be used. */
  onRevoked(keyId: string): void;
}

/** API keys of the caller's project. */
export function createApiKeyRoutes(options: ApiKeyRoutesOptions): MountedRoute[] {
  const { records, keys, clock, log, onRevoked } = options;
  return [
    {
      contract: listApiKeys,
      handle: ({ query, principal: { project } }) =>
        readPage(records, apiKeys, { project }, listQuery.Parse(query), viewKey),
    },
    {
      contract: createApiKey,
      async handle({ body, principal, reply }) {
        const { expires_at, requests_per_minute, ...rest } = createBody.Parse(body);
        const { key, record } = await keys.issue({
          ...rest,
          project: principal.project,
          createdBy: principal.id,
          expiresAt: parseExpiry(expires_at ?? null, clock.now()),
          requestsPerMinute: requests_per_minute ?? null,
        });
        log.info('API key created', { key_id: record.id, scopes: record.scopes, by: principal.id });
        reply.header('cache-control', 'no-store');
        const created: CreatedApiKey = { ...viewKey(record), key };
        return envelope('API key created successfully; it is not shown again', created, clock.now());
      },
    },
    {
      contract: revokeApiKey,
      async handle({ params: given, principal }) {
        const ref = { project: principal.project, id: params.Parse(given).key_id.toLowerCase() };
        const record = await keys.revoke(ref);
        onRevoked(record.id);
        log.info('API key revoked', { key_id: record.id, by: principal.id });
        return envelope('API key revoked successfully', viewKey(record), clock.now());
      },
    },
  ];
}

function parseExpiry(text: string | null, now: number): number | null {
  if (text === null) return null;
  const time = Date.parse(text);
  if (time > now) return time;
  throw validationError([
    { field: 'expires_at', message: 'expires_at must be a time in the future, RFC 3339 with an offset' },
  ]);
}

const viewKey = (key: ApiKeyRecord): ApiKey => ({
  id: key.id,
  name: key.name,
  prefix: key.prefix,
  scopes: key.scopes,
  requests_per_minute: key.requests_per_minute,
  expires_at: timeTextOrNull(key.expires_at),
  revoked_at: timeTextOrNull(key.revoked_at),
  created_by: key.created_by,
  created_at: timeText(key.created_at),
  last_used_at: timeTextOrNull(key.last_used_at),
  version: key.version,
});
