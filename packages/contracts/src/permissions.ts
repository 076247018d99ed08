/** What a caller may be allowed to do. Each route of the API names the one that it needs. */
export const permissions = [
  'events:write',
  'events:read',
  'metrics:read',
  'metrics:write',
  'alerts:read',
  'alerts:write',
  'admin',
] as const;
export type Permission = (typeof permissions)[number];

export const roles = ['admin', 'analyst', 'viewer'] as const;
export type Role = (typeof roles)[number];

export const scopes = ['ingest', 'read', 'alerts', 'admin'] as const;
export type Scope = (typeof scopes)[number];

/** The one table of who may do what: users by role. */
export const rolePermissions: Readonly<Record<Role, readonly Permission[]>> = {
  admin: permissions,
  analyst: ['events:write', 'events:read', 'metrics:read', 'metrics:write', 'alerts:read', 'alerts:write'],
  viewer: ['events:read', 'metrics:read', 'alerts:read'],
};

/** The one table of who may do what: API keys by scope. */
export const scopePermissions: Readonly<Record<Scope, readonly Permission[]>> = {
  ingest: ['events:write'],
  read: ['events:read', 'metrics:read', 'alerts:read'],
  alerts: ['alerts:read', 'alerts:write'],
  admin: permissions,
};
