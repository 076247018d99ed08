import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { StreamFlowError } from '../domain/errors.ts';
import { parseJson } from '../domain/events/strict-json.ts';
import type { Log } from '../domain/log.ts';
import type { Tracing } from '../domain/tracing.ts';
import { correlated } from '../observability/correlation-scope.ts';
import { type AuditTrail, audited, isAudited } from './audit.ts';
import type { ClientAddress } from './client-address.ts';
import type { OnRequest } from './gate.ts';
import { createMediaTypeCheck } from './media-type.ts';
import { createQueryParser } from './query.ts';
import { HandlerContext } from './request-context.ts';
import type { MountedRoute } from './service.ts';
import { endSpan, traced } from './traced.ts';
import { createCheck } from './validation.ts';

/** Records one answered request. */
export type RecordRequest = (status: number, seconds: number) => void;

export interface MountOptions {
  /** Before the contract's path: empty, or `/ingestion`. */
  readonly prefix: string;
  readonly onRequest: OnRequest;
  readonly record: RecordRequest;
  /** Where answered requests are logged, at DEBUG, and whether they are at this moment. */
  readonly requestLog: { readonly log: Log; readonly isOn: () => boolean } | null;
  readonly clientAddress: ClientAddress;
  /** Where changes are noted; null where nobody reads that. */
  readonly audit: AuditTrail | null;
  readonly limits: { readonly maxJsonDepth: number };
  /** null: requests are not traced. */
  readonly tracing?: Tracing | null;
}

const noBytes = Buffer.alloc(0);

/** Mounts a route on Fastify: everything that its contract says happens here, before its handler. */
export function mountRoute(app: FastifyInstance, route: MountedRoute, options: MountOptions): void {
  const { contract } = route;
  const { requestLog, clientAddress, limits, tracing = null } = options;
  const parseQuery = createQueryParser(contract.query);
  const checkParams = contract.params === undefined ? null : createCheck(contract.params);
  const checkMediaType = contract.body === undefined ? null : createMediaTypeCheck(contract.consumes);
  const checkBody = contract.body !== undefined && route.body !== 'raw' ? createCheck(contract.body) : null;
  const audit = isAudited(contract) ? options.audit : null;
  const [status, response] = successOf(route);
  const contentType = contentTypeOf(response?.contentType ?? 'application/json');

  const parsedBody = (rawBody: Buffer): unknown => {
    if (checkBody === null) return undefined;
    const body = parseJson(rawBody, { maxDepth: limits.maxJsonDepth });
    checkBody(body);
    return body;
  };

  // These are told of the request in other ways: a scope would cost each event.
  const takesEvents = contract.permission === 'events:write';
  const handler = (request: FastifyRequest, reply: FastifyReply): unknown => {
    const { principal, body } = request;
    if (principal === null) throw new Error(`${contract.operationId} was reached without passing the gate`);
    if (body instanceof StreamFlowError) throw body;
    const rawBody = Buffer.isBuffer(body) ? body : noBytes;
    if (checkMediaType !== null && rawBody.length > 0) checkMediaType(request.raw.headers['content-type']);
    if (checkParams !== null) checkParams(request.params);
    const query = parseQuery(request.raw.url ?? '');
    const context = new HandlerContext(
      request,
      reply,
      { principal, params: request.params, query, rawBody, body: parsedBody(rawBody) },
      clientAddress,
    );
    reply.code(status).header('content-type', contentType);
    const handle = (): unknown =>
      audit === null
        ? route.handle(context)
        : audited(audit, contract, context, status, () => route.handle(context));
    const result = takesEvents ? handle() : onBehalfOf(request, tracing, handle);
    // Fastify waits for ever for a handler that returns nothing and sends nothing.
    if (result === undefined && !reply.sent) reply.send();
    return result;
  };

  const onRequest = tracing === null ? options.onRequest : traced(tracing, contract, options.onRequest);
  app.route({
    method: contract.method,
    url: options.prefix + contract.path,
    onRequest,
    onSend: (request, reply, payload, done) => {
      whenAnswered(reply, payload, () => {
        const seconds = (performance.now() - request.startedAt) / 1000;
        options.record(reply.raw.statusCode, seconds);
        if (request.span !== null) endSpan(request.span, reply.raw.statusCode);
        if (requestLog?.isOn() !== true) return;
        requestLog.log.debug('Request answered', {
          correlation_id: request.id,
          duration: seconds,
          method: request.method,
          route: contract.path,
          status: reply.raw.statusCode,
          user_id: request.principal?.id,
        });
      });
      done();
    },
    handler,
  });
}

/** Log lines, and spans where it is traced, of what the work leads to are those of the request. */
function onBehalfOf(request: FastifyRequest, tracing: Tracing | null, work: () => unknown): unknown {
  const { span } = request;
  return correlated(request.id, tracing === null || span === null ? work : () => tracing.within(span, work));
}

/** An answer in one piece is answered when it is ready to be sent; a stream when it has ended. */
function whenAnswered(reply: FastifyReply, payload: unknown, act: () => void): void {
  if (typeof payload === 'object' && payload !== null && 'pipe' in payload) reply.raw.once('close', act);
  else act();
}

function successOf(route: MountedRoute) {
  const status = Object.keys(route.contract.responses)
    .map(Number)
    .filter((code) => code < 300)
    .sort((a, b) => a - b)[0];
  if (status === undefined) throw new Error(`${route.contract.operationId} has no success answer`);
  return [status, route.contract.responses[status]] as const;
}

const contentTypeOf = (type: string): string => (type.includes('charset') ? type : `${type}; charset=utf-8`);
