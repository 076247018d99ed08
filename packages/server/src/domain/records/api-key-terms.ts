import Type from 'typebox';
import { defineRecordKind, type Stored } from './record-kind.ts';

const ApiKeyTermsFields = Type.Object({
  /** Origins of pages that may use the key; null for anybody. */
  allowed_origins: Type.Union([Type.Array(Type.String()), Type.Null()]),
  /** Types, and patterns like `web.*`, of the events that it may send; null for all. */
  event_types: Type.Union([Type.Array(Type.String()), Type.Null()]),
});
export type ApiKeyTermsRecord = Stored<Type.Static<typeof ApiKeyTermsFields>>;

/** What narrows the use of an API key, under its id; keys without any have none. */
export const apiKeyTerms = defineRecordKind(ApiKeyTermsFields, {
  name: 'api_key_terms',
  columns: { allowed_origins: 'json', event_types: 'json' },
  unique: [],
  filters: [],
  orders: [],
  unversioned: [],
});

const ApiKeyPredecessorFields = Type.Object({
  /** SHA-256 in hexadecimal. */
  key_hash: Type.String(),
  /** Milliseconds since the epoch. */
  good_until: Type.Integer(),
});

/** What an API key was before it was rotated, under its id, and how long that is still good. */
export const apiKeyPredecessors = defineRecordKind(ApiKeyPredecessorFields, {
  name: 'api_key_predecessors',
  columns: { key_hash: 'text', good_until: 'integer' },
  unique: [['key_hash']],
  filters: [],
  orders: [],
  unversioned: [],
});
