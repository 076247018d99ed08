import type {
  ApiKey,
  CreateApiKeyBody,
  CreatedApiKey,
  CreateUserBody,
  ListUsersQuery,
  Pagination,
  RecordListQuery,
  RotateApiKeyBody,
  UpdateUserBody,
  User,
} from '@streamflow/contracts';
import { jsonBody, type Transport } from './transport.ts';

export interface RecordPage<T> {
  readonly data: readonly T[];
  readonly pagination: Pagination;
}

interface Envelope<T> {
  readonly data: T;
}

/** Users; for administrators. Every method throws StreamFlowApiError. */
export interface UsersApi {
  list(query?: ListUsersQuery): Promise<RecordPage<User>>;
  get(id: string): Promise<User>;
  create(user: CreateUserBody): Promise<User>;
  update(id: string, change: UpdateUserBody): Promise<User>;
}

/** API keys; for administrators. Every method throws StreamFlowApiError. */
export interface ApiKeysApi {
  list(query?: RecordListQuery): Promise<RecordPage<ApiKey>>;
  /** The answer holds the key itself, this once. */
  create(key: CreateApiKeyBody): Promise<CreatedApiKey>;
  revoke(id: string): Promise<ApiKey>;
  /** A new key in the place of this one, which stays good for the overlap, seconds, a day unless given. */
  rotate(id: string, options?: RotateApiKeyBody): Promise<CreatedApiKey>;
}

export function createUsersApi({ exchange }: Transport): UsersApi {
  const path = (id: string): string => `/users/${encodeURIComponent(id)}`;
  return {
    list: (query = {}) => exchange('dashboard', 'GET', '/users', { query }),
    get: async (id) => (await exchange<Envelope<User>>('dashboard', 'GET', path(id))).data,
    create: async (user) =>
      (await exchange<Envelope<User>>('dashboard', 'POST', '/users', { body: jsonBody(user) })).data,
    update: async (id, change) =>
      (await exchange<Envelope<User>>('dashboard', 'PATCH', path(id), { body: jsonBody(change) })).data,
  };
}

export function createApiKeysApi({ exchange }: Transport): ApiKeysApi {
  return {
    list: (query = {}) => exchange('dashboard', 'GET', '/api-keys', { query }),
    create: async (key) =>
      (await exchange<Envelope<CreatedApiKey>>('dashboard', 'POST', '/api-keys', { body: jsonBody(key) }))
        .data,
    revoke: async (id) =>
      (await exchange<Envelope<ApiKey>>('dashboard', 'DELETE', `/api-keys/${encodeURIComponent(id)}`)).data,
    rotate: async (id, options = {}) =>
      (
        await exchange<Envelope<CreatedApiKey>>(
          'dashboard',
          'POST',
          `/api-keys/${encodeURIComponent(id)}/rotate`,
          { body: jsonBody(options) },
        )
      ).data,
  };
}
