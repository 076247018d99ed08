import { randomUUID } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import cors from '@fastify/cors';
import type { ServiceName } from '@streamflow/contracts';
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../domain/clock.ts';
import type { Log } from '../domain/log.ts';
import type { Tracing } from '../domain/tracing.ts';
import type { RateLimiter } from '../engines/rate-limiter/port.ts';
import { createAllowedMethods } from './allowed-methods.ts';
import type { AuditTrail } from './audit.ts';
import { createClientAddress } from './client-address.ts';
import { mountDocs } from './docs.ts';
import { answerError, errorAnswer } from './error-answer.ts';
import { createFastifyApp } from './fastify-app.ts';
import { type Access, createGate } from './gate.ts';
import { createHealth } from './health.ts';
import { mountRoute, type RecordRequest } from './mount-route.ts';
import { apiTitles, openApiDocument } from './openapi.ts';
import { operationRoutes } from './operation-routes.ts';
import { createRatePolicy, type RateLimits } from './rate-limits.ts';
import type { MountedRoute, Service } from './service.ts';
import { attachSockets } from './sockets.ts';

/** What the server tells of itself; `observability/metrics.ts` has it. */
interface HttpMetrics {
  /** A recorder for one route; called once a route, its result once a request. */
  route(service: ServiceName, method: string, pattern: string): RecordRequest;
  /** Open WebSockets of a service changed by `by`. */
  connections(service: ServiceName, by: 1 | -1): void;
  /** Everything in the Prometheus text format. */
  render(): Promise<string>;
  readonly contentType: string;
}

export interface HttpServerOptions {
  readonly service: Service;
  /** Routes that every service has beside its own: sign-in. */
  readonly sharedRoutes?: readonly MountedRoute[];
  readonly access: Access;
  readonly rateLimiter: RateLimiter;
  /** null: requests are not limited; sockets neither. */
  readonly rateLimits: RateLimits | null;
  /** Where changes are noted; nowhere unless given. */
  readonly audit?: AuditTrail;
  readonly limits: {
    /** Largest body after decompression, bytes. */
    readonly maxBodyBytes: number;
    readonly maxJsonDepth: number;
  };
  readonly metrics: HttpMetrics;
  readonly log: Log;
  readonly clock: Clock;
  /** Whether browsers reach this server by TLS alone; false unless given. */
  readonly behindTls?: boolean;
  /** Origins of pages that may call; `*` for all. */
  readonly corsOrigins: readonly string[];
  /** Addresses and CIDR ranges of proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  readonly version: string;
  /** Where spans of requests go; nowhere unless given. */
  readonly tracing?: Tracing | null;
  /** Whether answered requests are logged at DEBUG at this moment: that costs more than most requests. Never unless given. */
  readonly logRequests?: () => boolean;
  /** Makes correlation ids; UUIDs unless given. */
  readonly newId?: () => string;
}

export interface HttpServer {
  readonly app: FastifyInstance;
  /** Listens and is ready from then on. Port 0 takes a free one; the answer says which. */
  listen(host: string, port: number): Promise<{ readonly host: string; readonly port: number }>;
  /** Says `not_ready` and closes WebSockets (1001); requests are still answered. */
  drain(): void;
  /** Takes no more connections, gives requests under way `graceMs`, then ends them. */
  close(graceMs?: number): Promise<void>;
}

const apiMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
const recordedMethod = (method: string): string => (apiMethods.includes(method) ? method : 'other');

export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { service, access, clock, log, metrics } = options;
  const newId = options.newId ?? randomUUID;
  const clientAddress = createClientAddress(options.trustedProxies);
  const allowedMethods = createAllowedMethods();
  const rates =
    options.rateLimits === null
      ? null
      : createRatePolicy(service.name, options.rateLimiter, options.rateLimits);
  const gate = createGate({ service: service.name, access, rates, clientAddress, clock });
  const checks =
    options.rateLimits === null
      ? service.checks
      : { ...service.checks, rate_limiter: () => options.rateLimiter.ping() };
  const health = createHealth({
    service: { ...service, checks },
    // Without it each process limits by itself, and takes and answers all the same.
    dispensable: ['rate_limiter'],
    version: options.version,
    clock,
    log,
  });
  const unrouted = new Map<string, RecordRequest>();
  let ready = false;

  const app = createFastifyApp({
    maxBodyBytes: options.limits.maxBodyBytes,
    clock,
    log,
    newId,
    allowedMethods,
    behindTls: options.behindTls ?? false,
    recordUnrouted: (method) => {
      const label = recordedMethod(method);
      const known = unrouted.get(label) ?? metrics.route(service.name, label, 'unmatched');
      unrouted.set(label, known);
      return known;
    },
    site: service.site,
  });
  const { forwarder } = service;
  if (forwarder !== undefined) {
    // In this hook the body is still unread.
    app.addHook('onRequest', (request, reply, done) => {
      if (!forwarder.takes(request.raw.url ?? '')) return done();
      reply.hijack();
      const record = metrics.route(service.name, recordedMethod(request.method), 'forwarded');
      reply.raw.once('close', () =>
        record(reply.raw.statusCode, (performance.now() - request.startedAt) / 1000),
      );
      forwarder.request(request.raw, reply.raw, {
        correlationId: request.id,
        address: clientAddress(request.raw),
        refuse: (error) => answerError(reply.raw, errorAnswer(error, request.id, clock.now())),
      });
    });
  }
  if (options.corsOrigins.length > 0)
    await app.register(cors, {
      // Credentials travel in headers, never in cookies: no origin is ever allowed to send those.
      origin: options.corsOrigins.includes('*') ? '*' : [...options.corsOrigins],
      credentials: false,
      methods: apiMethods,
      allowedHeaders: [
        'authorization',
        'content-type',
        'content-encoding',
        'x-api-key',
        'x-correlation-id',
        'x-sent-at',
      ],
      exposedHeaders: [
        'x-correlation-id',
        'x-ratelimit-limit',
        'x-ratelimit-remaining',
        'x-ratelimit-reset',
        'ratelimit',
        'ratelimit-policy',
        'retry-after',
      ],
      maxAge: 600,
    });

  const routes = [...service.routes, ...(options.sharedRoutes ?? [])];
  for (const route of routes) {
    const { method, path } = route.contract;
    allowedMethods.add(method, path);
    mountRoute(app, route, {
      prefix: '',
      onRequest: gate(route.contract),
      record: metrics.route(service.name, method, path),
      requestLog: options.logRequests === undefined ? null : { log, isOn: options.logRequests },
      clientAddress,
      audit: options.audit ?? null,
      limits: options.limits,
      tracing: options.tracing ?? null,
    });
  }
  for (const { contract, handle } of operationRoutes({ health, metrics, isReady: () => ready })) {
    allowedMethods.add('GET', contract.path);
    const record = metrics.route(service.name, 'GET', contract.path);
    app.get(contract.path, async (request, reply) => {
      const answer = await handle(reply);
      record(reply.statusCode, (performance.now() - request.startedAt) / 1000);
      return answer;
    });
  }
  const document = openApiDocument({
    service: service.name,
    version: options.version,
    contracts: routes.map((route) => route.contract),
    sockets: service.sockets,
  });
  await mountDocs(app, document, apiTitles[service.name]);
  const sockets = attachSockets(app.server, {
    service: service.name,
    sockets: service.sockets,
    forwarder,
    access,
    rates,
    acquire: (address) =>
      options.rateLimits === null
        ? () => {}
        : options.rateLimiter.acquire(`sockets:${address}`, options.rateLimits.socketsPerAddress),
    clientAddress,
    corsOrigins: options.corsOrigins,
    onConnections: (by) => metrics.connections(service.name, by),
    clock,
    log,
    newId,
  });
  await app.ready();

  return {
    app,
    async listen(host, port) {
      await app.listen({ host, port });
      ready = true;
      return { host, port: boundPort(app) };
    },
    drain() {
      ready = false;
      sockets.drain();
    },
    async close(graceMs = 10_000) {
      ready = false;
      sockets.drain();
      // Upgraded connections are no longer the server's to close, and hold its close up.
      await closeWithin(app, graceMs, () => sockets.terminate());
      sockets.terminate();
      forwarder?.close();
    },
  };
}

function boundPort(app: FastifyInstance): number {
  const address: AddressInfo | string | null = app.server.address();
  if (address === null || typeof address === 'string') throw new Error('The server does not listen on TCP');
  return address.port;
}

/** Ends a server: connections that fall idle at once, those with a request under way after the grace. */
export async function closeWithin(
  app: FastifyInstance,
  graceMs: number,
  onGraceOver: () => void = () => {},
): Promise<void> {
  // Connections whose last request began before the close would stay open until their idle timeout.
  const idle = setInterval(() => app.server.closeIdleConnections(), 50);
  const grace = setTimeout(() => {
    onGraceOver();
    app.server.closeAllConnections();
  }, graceMs);
  try {
    await app.close();
  } finally {
    clearInterval(idle);
    clearTimeout(grace);
  }
}
