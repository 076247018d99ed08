import Type from 'typebox';
import { scopes } from '../permissions.ts';
import { defineRoute, Envelope, Page } from './route.ts';
import { RecordListQuery } from './users.ts';

const tag = 'Access';

const KeyName = Type.String({ minLength: 1, maxLength: 128, description: 'What the key is for.' });
const Scopes = Type.Array(Type.Enum([...scopes]), {
  minItems: 1,
  uniqueItems: true,
  description: 'What the key may do; one meant for browsers has `ingest` alone.',
});
const RequestsPerMinute = Type.Integer({
  minimum: 1,
  maximum: 1_000_000_000,
  description: 'Requests a minute of this key, in place of the configured rate.',
});
const Time = (description: string) => Type.String({ format: 'date-time', description });

const AllowedOrigins = Type.Array(
  Type.String({ maxLength: 256, pattern: '^https?://[^/?#\\s@]+$', examples: ['https://shop.example.com'] }),
  {
    minItems: 1,
    maxItems: 100,
    uniqueItems: true,
    description:
      'Origins of the web pages that may use the key; requests that name no origin are refused then.',
  },
);
const KeyEventTypes = Type.Array(
  Type.String({ maxLength: 130, pattern: '^[A-Za-z0-9_.-]+(\\.\\*)?$', examples: ['web.click', 'custom.*'] }),
  {
    minItems: 1,
    maxItems: 100,
    uniqueItems: true,
    description: 'Types, and patterns like `web.*`, of the events that the key may send.',
  },
);

export const ApiKey = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    name: KeyName,
    prefix: Type.String({ description: 'The beginning of the key, to tell keys apart.' }),
    scopes: Scopes,
    requests_per_minute: Type.Union([RequestsPerMinute, Type.Null()]),
    allowed_origins: Type.Union([AllowedOrigins, Type.Null()]),
    event_types: Type.Union([KeyEventTypes, Type.Null()]),
    expires_at: Type.Union([Time('From then on the key is refused.'), Type.Null()]),
    revoked_at: Type.Union([Time('When it was revoked.'), Type.Null()]),
    previous_key_until: Type.Union([
      Time('How long the key from before its last rotation is still good.'),
      Type.Null(),
    ]),
    created_by: Type.String({ description: 'Id of whoever made it.' }),
    created_at: Time('When it was made.'),
    last_used_at: Type.Union([Time('The last use, to a few minutes.'), Type.Null()]),
    version: Type.Integer({ minimum: 1 }),
  },
  { $id: 'ApiKey', description: 'A key for programs, sent as `Authorization: Bearer` or `X-API-Key`.' },
);
export type ApiKey = Type.Static<typeof ApiKey>;

export const CreatedApiKey = Type.Object(
  {
    ...ApiKey.properties,
    key: Type.String({ description: 'The key itself. It is not kept and never shown again.' }),
  },
  { $id: 'CreatedApiKey' },
);
export type CreatedApiKey = Type.Static<typeof CreatedApiKey>;

export const CreateApiKeyBody = Type.Object(
  {
    name: KeyName,
    scopes: Scopes,
    expires_at: Type.Optional(Type.Union([Time('In the future; never unless given.'), Type.Null()])),
    requests_per_minute: Type.Optional(Type.Union([RequestsPerMinute, Type.Null()])),
    allowed_origins: Type.Optional(AllowedOrigins),
    event_types: Type.Optional(KeyEventTypes),
  },
  { additionalProperties: false, $id: 'CreateApiKeyBody' },
);
export type CreateApiKeyBody = Type.Static<typeof CreateApiKeyBody>;

export const RotateApiKeyBody = Type.Object(
  {
    overlap_seconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 2_592_000,
        default: 86_400,
        description: 'How long the key as it was is still good, seconds; 0 ends it at once.',
      }),
    ),
  },
  { additionalProperties: false, $id: 'RotateApiKeyBody' },
);
export type RotateApiKeyBody = Type.Static<typeof RotateApiKeyBody>;

export const ApiKeyParams = Type.Object({
  key_id: Type.String({ format: 'uuid', description: 'Id of the key.' }),
});
export type ApiKeyParams = Type.Static<typeof ApiKeyParams>;

export const listApiKeys = defineRoute({
  method: 'GET',
  path: '/api-keys',
  operationId: 'listApiKeys',
  summary: 'List API keys',
  description: 'Newest first, revoked ones included.',
  tag,
  permission: 'admin',
  query: RecordListQuery,
  responses: { 200: { description: 'Keys.', schema: Page(ApiKey) } },
});

export const createApiKey = defineRoute({
  method: 'POST',
  path: '/api-keys',
  operationId: 'createApiKey',
  summary: 'Create an API key',
  description: 'The answer holds the key itself, this once.',
  tag,
  permission: 'admin',
  body: CreateApiKeyBody,
  responses: { 201: { description: 'The key.', schema: Envelope(CreatedApiKey) } },
});

export const revokeApiKey = defineRoute({
  method: 'DELETE',
  path: '/api-keys/:key_id',
  operationId: 'revokeApiKey',
  summary: 'Revoke an API key',
  description: 'It is refused within five seconds on every server, for ever. Revoking again changes nothing.',
  tag,
  permission: 'admin',
  params: ApiKeyParams,
  responses: { 200: { description: 'The key as it is now.', schema: Envelope(ApiKey) } },
});

export const rotateApiKey = defineRoute({
  method: 'POST',
  path: '/api-keys/:key_id/rotate',
  operationId: 'rotateApiKey',
  summary: 'Replace an API key by a new one',
  description:
    'The answer holds the new key, this once; id, scopes, rate and all else stay. The old one is good for a while longer, and one from before that no more. 409 when the key is revoked or has expired.',
  tag,
  permission: 'admin',
  params: ApiKeyParams,
  body: RotateApiKeyBody,
  responses: { 201: { description: 'The new key.', schema: Envelope(CreatedApiKey) } },
});

export const apiKeyRoutes = [listApiKeys, createApiKey, revokeApiKey, rotateApiKey] as const;
