import {
  type ApiKey,
  ApiKeyParams,
  CreateApiKeyBody,
  type CreatedApiKey,
  createApiKey,
  listApiKeys,
  RecordListQuery,
  RotateApiKeyBody,
  revokeApiKey,
  rotateApiKey,
} from '@streamflow/contracts';
import { Compile } from 'typebox/compile';
import type { Clock } from '../../domain/clock.ts';
import { validationError } from '../../domain/errors.ts';
import type { Log } from '../../domain/log.ts';
import { apiKeyPredecessors, apiKeyTerms } from '../../domain/records/api-key-terms.ts';
import { type ApiKeyRecord, apiKeys } from '../../domain/records/api-keys.ts';
import type { RecordReader } from '../../engines/record-store/port.ts';
import type { MountedRoute } from '../../http/service.ts';
import type { IssuedKeys } from '../issued-keys.ts';
import { envelope, timeText, timeTextOrNull } from './envelope.ts';
import { readPage } from './record-pages.ts';

const listQuery = Compile(RecordListQuery);
const params = Compile(ApiKeyParams);
const createBody = Compile(CreateApiKeyBody);
const rotateBody = Compile(RotateApiKeyBody);
const defaultOverlapSeconds = 86_400;

export interface ApiKeyRoutesOptions {
  readonly records: RecordReader;
  readonly keys: IssuedKeys;
  readonly clock: Clock;
  readonly log: Log;
  /** Told when a key is not what it was. */
  onChanged(keyId: string): void;
}

/** API keys of the caller's project. */
export function createApiKeyRoutes(options: ApiKeyRoutesOptions): MountedRoute[] {
  const { records, keys, clock, log, onChanged } = options;
  const view = async (key: ApiKeyRecord): Promise<ApiKey> => {
    const ref = { project: key.project, id: key.id };
    const [terms, before] = await Promise.all([
      records.get(apiKeyTerms, ref),
      records.get(apiKeyPredecessors, ref),
    ]);
    const goodUntil = before !== null && before.good_until > clock.now() ? before.good_until : null;
    return {
      id: key.id,
      name: key.name,
      prefix: key.prefix,
      scopes: key.scopes,
      requests_per_minute: key.requests_per_minute,
      allowed_origins: terms?.allowed_origins ?? null,
      event_types: terms?.event_types ?? null,
      expires_at: timeTextOrNull(key.expires_at),
      revoked_at: timeTextOrNull(key.revoked_at),
      previous_key_until: timeTextOrNull(goodUntil),
      created_by: key.created_by,
      created_at: timeText(key.created_at),
      last_used_at: timeTextOrNull(key.last_used_at),
      version: key.version,
    };
  };

  return [
    {
      contract: listApiKeys,
      async handle({ query, principal: { project } }) {
        const page = await readPage(records, apiKeys, { project }, listQuery.Parse(query), (key) => key);
        return { ...page, data: await Promise.all(page.data.map(view)) };
      },
    },
    {
      contract: createApiKey,
      async handle({ body, principal, reply }) {
        const { expires_at, requests_per_minute, allowed_origins, event_types, ...rest } =
          createBody.Parse(body);
        const { key, record } = await keys.issue({
          ...rest,
          project: principal.project,
          createdBy: principal.id,
          expiresAt: parseExpiry(expires_at ?? null, clock.now()),
          requestsPerMinute: requests_per_minute ?? null,
          allowedOrigins: allowed_origins ?? null,
          eventTypes: event_types ?? null,
        });
        log.info('API key created', { key_id: record.id, scopes: record.scopes, by: principal.id });
        reply.header('cache-control', 'no-store');
        const created: CreatedApiKey = { ...(await view(record)), key };
        return envelope('API key created successfully; it is not shown again', created, clock.now());
      },
    },
    {
      contract: revokeApiKey,
      async handle({ params: given, principal }) {
        const ref = { project: principal.project, id: params.Parse(given).key_id.toLowerCase() };
        const record = await keys.revoke(ref);
        onChanged(record.id);
        log.info('API key revoked', { key_id: record.id, by: principal.id });
        return envelope('API key revoked successfully', await view(record), clock.now());
      },
    },
    {
      contract: rotateApiKey,
      async handle({ params: given, body, principal, reply }) {
        const ref = { project: principal.project, id: params.Parse(given).key_id.toLowerCase() };
        const { overlap_seconds: overlap = defaultOverlapSeconds } = rotateBody.Parse(body);
        const { key, record } = await keys.rotate(ref, overlap * 1000);
        onChanged(record.id);
        log.info('API key rotated', { key_id: record.id, by: principal.id });
        reply.header('cache-control', 'no-store');
        const created: CreatedApiKey = { ...(await view(record)), key };
        return envelope('API key rotated successfully; it is not shown again', created, clock.now());
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
