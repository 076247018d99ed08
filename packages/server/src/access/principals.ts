import {
  type Permission,
  type Role,
  rolePermissions,
  type Scope,
  scopePermissions,
} from '@streamflow/contracts';
import type { ApiKeyTermsRecord } from '../domain/records/api-key-terms.ts';
import type { ApiKeyRecord } from '../domain/records/api-keys.ts';
import type { UserRecord } from '../domain/records/users.ts';
import type { Principal } from '../http/service.ts';

const ofRole: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  admin: new Set(rolePermissions.admin),
  analyst: new Set(rolePermissions.analyst),
  viewer: new Set(rolePermissions.viewer),
};

const ofScopes = (scopes: readonly Scope[]): ReadonlySet<Permission> =>
  new Set(scopes.flatMap((scope) => scopePermissions[scope]));

export const userPrincipal = (user: UserRecord, session: string): Principal => ({
  kind: 'user',
  id: user.id,
  name: user.email,
  role: user.role,
  permissions: ofRole[user.role],
  project: user.project,
  session,
});

export const keyPrincipal = (key: ApiKeyRecord, terms: ApiKeyTermsRecord | null): Principal => ({
  kind: 'key',
  id: key.id,
  name: key.name,
  role: null,
  permissions: ofScopes(key.scopes),
  project: key.project,
  requestsPerMinute: key.requests_per_minute,
  allowedOrigins: terms?.allowed_origins ?? null,
  eventTypes: terms?.event_types ?? null,
});
