import { createHmac, randomUUID } from 'node:crypto';
import { type Role, roles, type Scope, type ServiceName, scopes } from '@streamflow/contracts';
import {
  administrator,
  freePorts,
  type ServerProcess,
  startServer,
  temporaryDirectory,
} from '../acceptance/server-process.ts';
import { createSharedEngines } from '../acceptance/shared-engines.ts';
import { exchange } from './exchange.ts';
import { type Operation, readOperations } from './openapi.ts';

/* A server of its own, and everybody who may come to it. */

/** Signs tokens; the corpus knows it, so that a token may be wrong in one thing alone. */
export const jwtSecret = `canary-${randomUUID()}${randomUUID()}`;
const password = `canary-${randomUUID()}`;

export interface World {
  readonly server: ServerProcess;
  readonly operations: readonly Operation[];
  /** Tokens by role. */
  readonly roles: Readonly<Record<Role, string>>;
  /** Keys by scope. */
  readonly keys: Readonly<Record<Scope, string>>;
  readonly credentials: {
    readonly refreshToken: string;
    readonly revokedKey: string;
    readonly expiredKey: string;
    readonly rotatedKey: string;
    readonly disabledUser: string;
    readonly signedOut: string;
  };
  /** What must not appear in any answer or log. */
  readonly secrets: readonly string[];
  /** Claims of the administrator's token. */
  readonly claims: Readonly<Record<string, unknown>>;
  stop(): Promise<void>;
}

export const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token with a good signature over whatever is in it. */
export function sign(header: unknown, claims: unknown, hash = 'sha256', secret = jwtSecret): string {
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${createHmac(hash, secret).update(signed).digest('base64url')}`;
}

export async function openWorld(env: Readonly<Record<string, string>> = {}): Promise<World> {
  const directory = await temporaryDirectory();
  const engines = process.env.SECURITY_SHAPE === 'servers' ? await createSharedEngines() : null;
  const server = await startServer({
    dataDirectory: directory.path,
    ports: await freePorts(),
    env: {
      ...engines?.env,
      ...env,
      JWT_SECRET_KEY: jwtSecret,
      STREAMFLOW_ADMIN_PASSWORD: password,
    },
  });

  const call = async <T>(
    service: ServiceName,
    method: string,
    path: string,
    token: string,
    body?: unknown,
  ) => {
    const answer = await exchange({
      port: server.ports[service],
      method,
      path,
      headers: {
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    const parsed: T = JSON.parse(answer.text);
    return parsed;
  };
  const login = (username: string) =>
    call<{ access_token: string; refresh_token: string }>('dashboard', 'POST', '/auth/login', '', {
      username,
      password,
    });
  const admin = (await login(administrator.username)).access_token;
  const addUser = async (name: string, role: Role): Promise<string> => {
    const email = `${name}@example.org`;
    const { data } = await call<{ data: { id: string } }>('dashboard', 'POST', '/users', admin, {
      email,
      password,
      role,
    });
    return data.id;
  };
  const addKey = async (scope: Scope, more: object = {}): Promise<{ id: string; key: string }> => {
    const body = { name: `${scope} key`, scopes: [scope], ...more };
    const { data } = await call<{ data: { id: string; key: string } }>(
      'dashboard',
      'POST',
      '/api-keys',
      admin,
      body,
    );
    return data;
  };

  const expiresAt = Date.now() + 1500;
  const expiring = await addKey('admin', { expires_at: new Date(expiresAt).toISOString() });
  const byRole: Partial<Record<Role, string>> = {};
  for (const role of roles) {
    await addUser(role, role);
    byRole[role] = (await login(`${role}@example.org`)).access_token;
  }
  const byScope: Partial<Record<Scope, string>> = {};
  for (const scope of scopes) byScope[scope] = (await addKey(scope)).key;
  const revoked = await addKey('admin');
  await call('dashboard', 'DELETE', `/api-keys/${revoked.id}`, admin);
  const rotated = await addKey('admin');
  await call('dashboard', 'POST', `/api-keys/${rotated.id}/rotate`, admin, { overlap_seconds: 0 });
  const disabledId = await addUser('disabled', 'admin');
  const disabledUser = (await login('disabled@example.org')).access_token;
  await call('dashboard', 'PATCH', `/users/${disabledId}`, admin, { disabled: true });
  await addUser('leaver', 'admin');
  const leaver = await login('leaver@example.org');
  await call('dashboard', 'POST', '/auth/logout', '', { refresh_token: leaver.refresh_token });
  const { refresh_token: refreshToken } = await login('admin@example.org');
  const events = Array.from({ length: 200 }, (_, n) => ({
    type: n % 3 === 0 ? 'error' : 'web.click',
    source: '=HYPERLINK("http://evil.example")',
    user_id: `u${n % 7}`,
    data: { page: '/a', n, status: 200 + (n % 400) },
  }));
  await call('ingestion', 'POST', '/events/batch', byScope.ingest ?? '', { events });
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, expiresAt - Date.now())));

  const [, payload = ''] = (byRole.admin ?? '').split('.');
  const claims: Record<string, unknown> = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
  const { admin: adminToken = '', analyst = '', viewer = '' } = byRole;
  const { ingest = '', read = '', alerts = '', admin: adminKey = '' } = byScope;
  return {
    server,
    operations: await readOperations(server),
    roles: { admin: adminToken, analyst, viewer },
    keys: { ingest, read, alerts, admin: adminKey },
    credentials: {
      refreshToken,
      revokedKey: revoked.key,
      expiredKey: expiring.key,
      rotatedKey: rotated.key,
      disabledUser,
      signedOut: leaver.access_token,
    },
    secrets: [jwtSecret, password, refreshToken, adminToken, ingest, adminKey, directory.path],
    claims,
    async stop() {
      await server.stop();
      await directory.remove();
      await engines?.remove();
    },
  };
}
