import { type Permission, permissions } from '@streamflow/contracts';
import { StreamFlowError } from '../domain/errors.ts';
import { type Log, type LogFields, silentLog } from '../domain/log.ts';
import type { RateLimiter } from '../engines/rate-limiter/port.ts';
import { createHttpServer, type HttpServer, type HttpServerOptions } from './server.ts';
import type { MountedRoute, Principal, Service } from './service.ts';

/* A server for the tests of this folder: two known credentials, a service that is given, a clock that stands still. */

export const testNow = Date.UTC(2023, 11, 1, 12);

const principal = (kind: Principal['kind'], id: string, permissions: readonly Permission[]): Principal => ({
  kind,
  id,
  name: id,
  role: null,
  permissions: new Set(permissions),
  project: 'default',
});

export const principals: Readonly<Record<string, Principal>> = {
  'reader-token': principal('user', 'reader', ['events:read']),
  local: principal('local', 'local', permissions),
  'writer-key': principal('key', 'writer', ['events:write']),
};

export interface TestLine {
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** A log that keeps what it was told, but for debug. */
export function createTestLog(): { readonly log: Log; readonly lines: TestLine[] } {
  const lines: TestLine[] = [];
  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}): void =>
      void lines.push({ level, message, fields });
  const log: Log = {
    ...silentLog,
    info: at('info'),
    warning: at('warning'),
    error: at('error'),
    critical: at('critical'),
    child: () => log,
  };
  return { log, lines };
}

/** A limiter of one endless window. */
function createTestLimiter(): RateLimiter {
  const used = new Map<string, number>();
  const places = new Map<string, number>();
  return {
    take(key, limit, cost = 1) {
      const before = used.get(key) ?? 0;
      const allowed = before + cost <= limit;
      if (allowed) used.set(key, before + cost);
      return { allowed, limit, remaining: limit - (used.get(key) ?? 0), resetAt: testNow / 1000 + 60 };
    },
    acquire(key, limit) {
      const before = places.get(key) ?? 0;
      if (before >= limit) return null;
      places.set(key, before + 1);
      return () => void places.set(key, (places.get(key) ?? 1) - 1);
    },
    ping: async () => {},
    close: async () => {},
  };
}

export const testService = (parts: Partial<Service> = {}): Service => ({
  name: 'ingestion',
  routes: [],
  sockets: [],
  checks: {},
  essentialChecks: [],
  figures: {},
  start: async () => {},
  stop: async () => {},
  ...parts,
});

interface Recorded {
  readonly method: string;
  readonly pattern: string;
  readonly status: number;
}

export interface TestServer extends HttpServer {
  readonly recorded: readonly Recorded[];
  /** Open sockets by what the metrics were told. */
  readonly connections: () => number;
}

export async function startTestServer(
  routes: readonly MountedRoute[],
  options: Partial<HttpServerOptions> = {},
): Promise<TestServer> {
  const recorded: Recorded[] = [];
  let connections = 0;
  const server = await createHttpServer({
    service: testService({ routes }),
    access: {
      allowAnonymous: false,
      authenticate(credential) {
        const known = principals[credential];
        if (known === undefined)
          throw new StreamFlowError('AuthenticationRequired', 'The token is not valid');
        return known;
      },
    },
    rateLimiter: createTestLimiter(),
    rateLimits: null,
    limits: { maxBodyBytes: 10_000, maxJsonDepth: 8 },
    metrics: {
      route: (_service, method, pattern) => (status) => void recorded.push({ method, pattern, status }),
      connections: (_service, by) => {
        connections += by;
      },
      render: async () => 'figures 1\n',
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
    },
    log: silentLog,
    clock: { now: () => testNow },
    corsOrigins: [],
    trustedProxies: [],
    version: '1.2.3',
    newId: () => '00000000-0000-4000-8000-000000000000',
    ...options,
  });
  return { ...server, recorded, connections: () => connections };
}
