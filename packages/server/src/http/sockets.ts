import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Permission, ServiceName } from '@streamflow/contracts';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Clock } from '../domain/clock.ts';
import { StreamFlowError } from '../domain/errors.ts';
import type { Log } from '../domain/log.ts';
import type { Release } from '../engines/rate-limiter/port.ts';
import { addressKey, type ClientAddress } from './client-address.ts';
import { correlationIdOf } from './correlation.ts';
import { headerCredential, queryCredential } from './credentials.ts';
import { errorAnswer, knownError } from './error-answer.ts';
import { hostMissing } from './fastify-app.ts';
import { type Access, permissionDenied } from './gate.ts';
import { originRefusal } from './key-origin.ts';
import { type RatePolicy, rateLimitExceeded } from './rate-limits.ts';
import type { Forwarder, MountedSocket, Principal } from './service.ts';

export interface SocketOptions {
  readonly service: ServiceName;
  readonly sockets: readonly MountedSocket[];
  readonly forwarder?: Forwarder | undefined;
  readonly access: Access;
  readonly rates: RatePolicy | null;
  /** Takes a place among the open sockets of an address; null when it has none left. */
  readonly acquire: (address: string) => Release | null | Promise<Release | null>;
  readonly clientAddress: ClientAddress;
  readonly corsOrigins: readonly string[];
  readonly onConnections: (by: 1 | -1) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
}

export interface AttachedSockets {
  /** Closes what is open with 1001 and refuses new ones. */
  drain(): void;
  /** Ends what has not closed by itself. */
  terminate(): void;
}

/** A peer that answers no ping for so long is gone, and gives its place back. */
const pingIntervalMs = 30_000;

/**
 * How often the credentials of open sockets are looked at again. Access answers from what it knows and asks the records
 * every three seconds, so that a socket whose credential is good no more is closed within five.
 */
const recheckIntervalMs = 1000;

interface OpenSocket {
  alive: boolean;
  readonly permission: Permission;
  /** What its principal came with; null while it is a stranger's. */
  credential: string | null;
}

/** Serves WebSockets on the upgrade event. All that can refuse one does so before the upgrade, as an HTTP answer. */
export function attachSockets(server: Server, options: SocketOptions): AttachedSockets {
  const { access, clock, log, newId } = options;
  const servers = new Map(
    options.sockets.map((socket) => [
      socket.path,
      {
        socket,
        // Compression would let a small frame unfold into a large one, and costs memory for every socket.
        wss: new WebSocketServer({
          noServer: true,
          maxPayload: socket.maxFrameBytes,
          perMessageDeflate: false,
        }),
      },
    ]),
  );
  // What ws would refuse by itself, in the shape of every other error.
  for (const { wss } of servers.values())
    wss.on('wsClientError', (error, connection, raw) => {
      refuse(
        connection,
        new StreamFlowError('BadRequest', `The WebSocket handshake is not acceptable: ${error.message}`),
        correlationIdOf(raw, newId),
        clock.now(),
      );
    });
  const open = new Map<WebSocket, OpenSocket>();
  let draining = false;

  const authenticated = async (
    raw: IncomingMessage,
    address: string,
  ): Promise<{ principal: Principal | null; credential: string | null }> => {
    try {
      const credential = headerCredential(raw.headers) ?? queryCredential(raw.url ?? '');
      return { principal: credential === null ? null : await access.authenticate(credential), credential };
    } catch (error) {
      if (options.rates !== null && knownError(error)?.code === 'AuthenticationRequired') {
        const decision = await options.rates.forStranger(address);
        if (!decision.allowed) throw rateLimitExceeded(decision, clock.now());
      }
      throw error;
    }
  };

  const upgrade = async (raw: IncomingMessage, connection: Duplex, head: Buffer, correlationId: string) => {
    if (raw.headers.upgrade?.toLowerCase() !== 'websocket')
      throw new StreamFlowError('BadRequest', 'Connections are upgraded to websocket alone');
    const noHost = hostMissing(raw);
    if (noHost !== null) throw noHost;
    const [path = ''] = (raw.url ?? '').split('?');
    const mounted = servers.get(path);
    if (mounted === undefined) throw new StreamFlowError('NotFound', 'There is no WebSocket at this path');
    if (draining)
      throw new StreamFlowError('ServiceUnavailable', 'The service is stopping', { retryAfter: 1 });
    if (!originAllowed(raw, options.corsOrigins))
      throw new StreamFlowError('PermissionDenied', 'Pages of this origin may not open a WebSocket', {
        details: { field: 'Origin' },
      });
    const { socket, wss } = mounted;
    const address = options.clientAddress(raw);
    const { principal, credential } = await authenticated(raw, address);
    if (principal !== null && !principal.permissions.has(socket.permission))
      throw permissionDenied(socket.permission);
    const badOrigin = principal === null ? null : originRefusal(principal, raw.headers.origin);
    if (badOrigin !== null) throw badOrigin;
    if (connection.destroyed) return;
    const place = principal?.kind === 'local' ? () => {} : await options.acquire(addressKey(address));
    if (place === null)
      throw new StreamFlowError('RateLimitExceeded', 'Too many WebSockets are open from this address', {
        retryAfter: 60,
      });
    // The peer may have gone while the place was asked for, and its close has no listener to hear it then.
    if (connection.destroyed) return place();
    // Whatever ends the connection, also a handshake that ws refuses, gives the place back once.
    connection.once('close', place);
    wss.handleUpgrade(raw, connection, head, (ws) => {
      const state: OpenSocket = { alive: true, permission: socket.permission, credential };
      open.set(ws, state);
      options.onConnections(1);
      ws.on('pong', () => {
        state.alive = true;
      });
      ws.on('error', (error) => {
        log.debug('WebSocket ended by an error', { correlation_id: correlationId, error });
      });
      ws.once('close', () => {
        open.delete(ws);
        options.onConnections(-1);
      });
      if (draining) ws.close(1001, 'The service is stopping');
      else
        socket.connect(ws, {
          principal,
          correlationId,
          address,
          request: raw,
          async authenticate(token) {
            const known = await access.authenticate(token);
            const refusal = originRefusal(known, raw.headers.origin);
            if (refusal !== null) throw refusal;
            state.credential = token;
            return known;
          },
        });
    });
  };

  server.on('upgrade', (raw, connection, head) => {
    const correlationId = correlationIdOf(raw, newId);
    const onError = (): void => {
      connection.destroy();
    };
    connection.on('error', onError);
    if (options.forwarder?.takes(raw.url ?? '') === true) {
      options.forwarder.upgrade(raw, connection, head, {
        correlationId,
        address: options.clientAddress(raw),
        refuse: (error) => refuse(connection, error, correlationId, clock.now()),
      });
      return;
    }
    upgrade(raw, connection, head, correlationId).catch((error: unknown) => {
      if (knownError(error) === null)
        log.error('WebSocket upgrade failed by a defect', { correlation_id: correlationId, error });
      refuse(connection, error, correlationId, clock.now());
    });
  });

  const recheck = async (ws: WebSocket, { credential, permission }: OpenSocket): Promise<void> => {
    if (credential === null) return;
    try {
      const principal = await access.authenticate(credential);
      if (!principal.permissions.has(permission)) ws.close(1008, 'PermissionDenied');
    } catch (error) {
      // While the records are away nothing is known against anybody.
      const code = knownError(error)?.code;
      if (code === 'AuthenticationRequired') ws.close(1008, code);
      else if (code !== 'ServiceUnavailable')
        log.error('The credential of a WebSocket could not be checked again', { error });
    }
  };
  const rechecks = setInterval(() => {
    for (const [ws, state] of open) void recheck(ws, state);
  }, recheckIntervalMs);
  rechecks.unref();

  const heartbeat = setInterval(() => {
    for (const [ws, state] of open) {
      if (!state.alive) ws.terminate();
      else {
        state.alive = false;
        ws.ping();
      }
    }
  }, pingIntervalMs);
  heartbeat.unref();

  return {
    drain() {
      draining = true;
      for (const ws of open.keys()) ws.close(1001, 'The service is stopping');
    },
    terminate() {
      clearInterval(heartbeat);
      clearInterval(rechecks);
      for (const ws of open.keys()) ws.terminate();
    },
  };
}

/** Browsers send the origin of the page; others send none. A page of the server itself is always allowed. */
function originAllowed(raw: IncomingMessage, allowed: readonly string[]): boolean {
  const { origin, host } = raw.headers;
  if (origin === undefined || allowed.includes('*') || allowed.includes(origin)) return true;
  return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase();
}

function refuse(connection: Duplex, error: unknown, correlationId: string, now: number): void {
  if (!connection.writable) return;
  const { status, headers, body } = errorAnswer(error, correlationId, now);
  const text = JSON.stringify(body);
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
    `X-Correlation-ID: ${correlationId}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  connection.end(`${lines.join('\r\n')}\r\n\r\n${text}`);
}
