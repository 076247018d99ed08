import {
  type Permission,
  permissions,
  rolePermissions,
  roles,
  scopePermissions,
  scopes,
  serviceNames,
} from '@streamflow/contracts';
import { apiCatalogue } from './api-catalogue.ts';

/** docs/reference/permissions.md: who may do what, from the table that the routes are held to. */
export function permissionsPage(): string {
  const callers = [
    ...roles.map((role) => ({ name: role, allowed: rolePermissions[role] })),
    ...scopes.map((scope) => ({ name: `key: ${scope}`, allowed: scopePermissions[scope] })),
  ];
  const names = callers.map(({ name }) => name);
  const mark = (permission: Permission | 'public' | 'any'): string[] =>
    callers.map(({ allowed }) =>
      permission === 'public' || permission === 'any' || allowed.includes(permission) ? 'yes' : '',
    );
  const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
    [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  const routes = serviceNames.map((service) => {
    const { routes: mounted, sockets } = apiCatalogue[service];
    const asked = [
      ...mounted.map(({ method, path, permission }) => ({ route: `${method} ${path}`, permission })),
      ...sockets.flatMap(({ path, contract }) =>
        contract === undefined ? [] : [{ route: `WebSocket ${path}`, permission: contract.permission }],
      ),
    ];
    return `## ${service}\n\n${table(
      ['route', 'permission', ...names],
      asked.map(({ route, permission }) => [`\`${route}\``, permission, ...mark(permission)]),
    )}\n`;
  });
  return `# Permissions

Generated from \`packages/contracts/src/permissions.ts\` and the contracts of the routes by \`npm run generate\`. A user has
the permissions of the role, an API key those of all its scopes together. \`public\` needs no credentials, \`any\` needs
some, whatever they allow.

${table(
  ['permission', ...names],
  permissions.map((permission) => [`\`${permission}\``, ...mark(permission)]),
)}

${routes.join('\n')}`;
}
