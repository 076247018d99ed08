import { scopes } from '@streamflow/contracts';
import Type from 'typebox';
import { defineRecordKind, type Stored } from './record-kind.ts';

const ApiKeyFields = Type.Object({
  name: Type.String(),
  /** SHA-256 of the key in hexadecimal. */
  key_hash: Type.String(),
  /** The beginning of the key, to tell keys apart. */
  prefix: Type.String(),
  scopes: Type.Array(Type.Enum([...scopes])),
  /** Milliseconds since the epoch; null for ever. */
  expires_at: Type.Union([Type.Integer(), Type.Null()]),
  /** Milliseconds since the epoch; null while it may be used. */
  revoked_at: Type.Union([Type.Integer(), Type.Null()]),
  /** Id of the principal that made it. */
  created_by: Type.String(),
  /** Milliseconds since the epoch, to the minute; null before the first use. */
  last_used_at: Type.Union([Type.Integer(), Type.Null()]),
  /** Requests a minute of this key; null for the configured rate. */
  requests_per_minute: Type.Union([Type.Integer({ minimum: 1 }), Type.Null()]),
});

export type ApiKeyRecord = Stored<Type.Static<typeof ApiKeyFields>>;

export const apiKeys = defineRecordKind(ApiKeyFields, {
  name: 'api_keys',
  columns: {
    name: 'text',
    key_hash: 'text',
    prefix: 'text',
    scopes: 'json',
    expires_at: 'integer',
    revoked_at: 'integer',
    created_by: 'text',
    last_used_at: 'integer',
    requests_per_minute: 'integer',
  },
  // Of the whole installation: a key is what says to which project a request belongs.
  unique: [['key_hash']],
  filters: ['name', 'created_by'],
  orders: ['name'],
  unversioned: ['last_used_at'],
});
