import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { Clock } from '../domain/clock.ts';
import { StreamFlowError } from '../domain/errors.ts';
import type { Log } from '../domain/log.ts';
import type { AllowedMethods } from './allowed-methods.ts';
import { readBody } from './body.ts';
import { correlationIdOf } from './correlation.ts';
import { errorAnswer, knownError } from './error-answer.ts';
import type { RecordRequest } from './mount-route.ts';
import type { Site } from './service.ts';
import { trackSilentConnections } from './silent-connections.ts';

export interface FastifyAppOptions {
  readonly maxBodyBytes: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly newId: () => string;
  readonly allowedMethods: AllowedMethods;
  /** Whether browsers reach this server by TLS, and are to use nothing else; false unless given. */
  readonly behindTls?: boolean;
  /** Records requests that reached no route, by method. */
  readonly recordUnrouted: (method: string) => RecordRequest;
  /** Pages and files for what reaches no route. */
  readonly site?: Site | undefined;
}

/** Time for the header and for the whole request to arrive, and for an idle connection to stay, milliseconds. */
const headersTimeout = 10_000;
const requestTimeout = 30_000;
// Longer than the 60 s of common load balancers, so that they and not we close an idle connection.
const keepAliveTimeout = 72_000;
const emptyQuery = {};
/** A year, in seconds. */
const strictTransport = 'max-age=31536000';

/** A Fastify instance with our bodies, errors, ids and headers, and without the parts of Fastify that they replace. */
export function createFastifyApp(options: FastifyAppOptions): FastifyInstance {
  const { clock, log, maxBodyBytes, newId, recordUnrouted, behindTls = false } = options;

  const stamp = (request: FastifyRequest, reply: FastifyReply): void => {
    request.startedAt = performance.now();
    reply.header('x-correlation-id', request.id);
    reply.header('x-content-type-options', 'nosniff');
    reply.header('x-frame-options', 'DENY');
    reply.header('referrer-policy', 'no-referrer');
    if (behindTls) reply.header('strict-transport-security', strictTransport);
  };

  const sendError = (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const answer = errorAnswer(error, request.id, clock.now());
    if (knownError(error) === null)
      log.error('Request failed by a defect', {
        correlation_id: request.id,
        method: request.raw.method,
        route: request.routeOptions.url ?? null,
        error,
      });
    return reply.code(answer.status).headers(answer.headers).send(answer.body);
  };

  const sendUnrouted = (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const startedAt = request.startedAt || performance.now();
    const sent = sendError(error, request, reply);
    recordUnrouted(request.method)(reply.raw.statusCode, (performance.now() - startedAt) / 1000);
    return sent;
  };

  const app = fastify({
    logger: false,
    genReqId: (raw) => correlationIdOf(raw, newId),
    keepAliveTimeout,
    requestTimeout,
    // Node would refuse a request without Host by itself, in a shape that is not ours.
    http: { headersTimeout, connectionsCheckingInterval: 2000, requireHostHeader: false },
    // Requests on open connections are still answered while the server closes; see `close` of the server.
    return503OnClosing: false,
    bodyLimit: maxBodyBytes,
    // Queries are read by the contract of the route (query.ts).
    routerOptions: { querystringParser: () => emptyQuery, maxParamLength: 512 },
    clientErrorHandler: (error, socket) => refuseRaw(error, socket, newId(), clock.now()),
    frameworkErrors: (error, request, reply) => {
      stamp(request, reply);
      sendUnrouted(error, request, reply);
    },
  });

  const silent = trackSilentConnections(app.server);
  app.addHook('preClose', (done) => {
    silent.end();
    done();
  });
  app.decorateRequest('principal', null);
  app.decorateRequest('startedAt', 0);
  app.decorateRequest('span', null);
  app.addHook('onRequest', (request, reply, done) => {
    stamp(request, reply);
    done(hostMissing(request.raw) ?? undefined);
  });
  app.removeAllContentTypeParsers();
  // A refused body is handed on as the error itself: as a parser's error, Fastify would close the connection on it.
  app.addContentTypeParser('*', (_request, payload, done) => {
    readBody(payload, maxBodyBytes, (result) => done(null, result));
  });
  app.setErrorHandler(sendError);
  app.setNotFoundHandler((request, reply) => {
    if (options.site?.answer(request, reply) === true) return reply;
    const [path = ''] = request.url.split('?');
    const allow = options.allowedMethods.of(path);
    if (allow.length === 0)
      return sendUnrouted(new StreamFlowError('NotFound', 'There is no such resource'), request, reply);
    const wrongMethod = new StreamFlowError('MethodNotAllowed', `${request.method} is not allowed here`, {
      details: { allowed_values: [...allow] },
    });
    return sendUnrouted(wrongMethod, request, reply);
  });
  return app;
}

/** HTTP/1.1 asks for a Host in every request (RFC 9112, 3.2); null when there is one, or it is older. */
export function hostMissing({ headers, httpVersion }: IncomingMessage): StreamFlowError | null {
  if (headers.host !== undefined || httpVersion === '1.0') return null;
  return new StreamFlowError('BadRequest', 'The Host header is missing');
}

/** Answers what Node's parser refused: there is no request, only a socket. */
function refuseRaw(
  error: Error & { code?: string },
  socket: Socket,
  correlationId: string,
  now: number,
): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, message] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ([431, 'The header is too large'] as const)
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ([408, 'The request took too long to arrive'] as const)
        : ([400, 'This is not a valid HTTP request'] as const);
  const { body } = errorAnswer(new StreamFlowError('BadRequest', message), correlationId, now);
  const text = JSON.stringify(body);
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nConnection: close\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `X-Correlation-ID: ${correlationId}\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );
}
