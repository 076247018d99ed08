import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Permission, RouteContract, ServiceName, SocketContract } from '@streamflow/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { WebSocket } from 'ws';

/** Who is calling. */
export interface Principal {
  readonly kind: 'user' | 'key' | 'local' | 'anonymous';
  readonly id: string;
  readonly name: string;
  readonly role: 'admin' | 'analyst' | 'viewer' | null;
  readonly permissions: ReadonlySet<Permission>;
  readonly project: string;
  /** Requests a minute of this caller alone, in place of the configured rate; null or absent for that. */
  readonly requestsPerMinute?: number | null;
  /** Origins of pages that may use this key; null or absent for anybody. */
  readonly allowedOrigins?: readonly string[] | null;
  /** Types and patterns of the events that this key may send; null or absent for all. */
  readonly eventTypes?: readonly string[] | null;
  /** Id of the session, of users who are signed in. */
  readonly session?: string;
}

export interface RequestContext {
  readonly principal: Principal;
  readonly correlationId: string;
  /** Address of the client, as far as configured proxies are believed. */
  readonly address: string;
  /** Parsed and validated by the route's contract. */
  readonly params: unknown;
  readonly query: unknown;
  /** The bytes of the body after decompression; empty without one. */
  readonly rawBody: Buffer;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** W3C trace context for what is done on behalf of the request; undefined when it is not traced. */
  readonly traceparent: string | undefined;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
}

/** A route with its handler. What the handler returns is sent as JSON with the first success status of the contract. */
export interface MountedRoute {
  readonly contract: RouteContract;
  /**
   * `parsed`: `context.body` holds the JSON body, checked against the contract. `raw`: the handler parses
   * `context.rawBody` itself, for routes whose parsing is the work.
   */
  readonly body?: 'parsed' | 'raw';
  handle(context: RequestContext & { readonly body: unknown }): unknown | Promise<unknown>;
}

/** A WebSocket path. Origin and address limits are checked before the upgrade; `principal` is null without credentials. */
export interface MountedSocket {
  readonly path: string;
  readonly summary: string;
  /** What is said on it, for the OpenAPI document. */
  readonly contract?: SocketContract;
  /** Largest frame, bytes. */
  readonly maxFrameBytes: number;
  readonly permission: Permission;
  connect(socket: WebSocket, context: SocketContext): void;
}

export interface SocketContext {
  readonly principal: Principal | null;
  readonly correlationId: string;
  readonly address: string;
  readonly request: IncomingMessage;
  /** Checks a JWT or an API key given in an `auth` frame; rejects with AuthenticationRequired. */
  authenticate(token: string): Promise<Principal>;
}

/** Passes requests of some paths on to other servers, bodies and answers untouched. */
export interface Forwarder {
  /** Whether the request target is one of those. */
  takes(target: string): boolean;
  request(request: IncomingMessage, response: ServerResponse, context: ForwardContext): void;
  upgrade(request: IncomingMessage, connection: Duplex, head: Buffer, context: ForwardContext): void;
  /** Ends what is still open. */
  close(): void;
}

export interface ForwardContext {
  readonly correlationId: string;
  readonly address: string;
  /** Answers with an error, as long as nothing was answered. */
  refuse(error: unknown): void;
}

/** Answers GET requests of paths that no route has. */
export interface Site {
  /** False when it has nothing there. */
  answer(request: FastifyRequest, reply: FastifyReply): boolean;
}

/** Asks a dependency; resolves with figures to show beside `healthy`, rejects with the reason. */
export type HealthCheck = () => Promise<Readonly<Record<string, unknown>> | undefined> | Promise<void>;

/** A service is a function of what it is given; this is what the function returns. */
export interface Service {
  readonly name: ServiceName;
  readonly routes: readonly MountedRoute[];
  readonly sockets: readonly MountedSocket[];
  readonly forwarder?: Forwarder;
  readonly site?: Site;
  readonly checks: Readonly<Record<string, HealthCheck>>;
  /** The checks without which it can do nothing of its work: while one fails, it is not ready. */
  readonly essentialChecks: readonly string[];
  /** Plain numbers for the health answer, `websocket_connections` for one. */
  readonly figures: Readonly<Record<string, () => number>>;
  start(): Promise<void>;
  /** Finishes what is under way and stops; called after the HTTP server has stopped taking requests. */
  stop(): Promise<void>;
}
