import type { FastifyReply, FastifyRequest } from 'fastify';
import { StreamFlowError } from '../domain/errors.ts';
import type { Span } from '../domain/tracing.ts';
import type { ClientAddress } from './client-address.ts';
import type { Principal, RequestContext } from './service.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the gate before any handler runs. */
    principal: Principal | null;
    /** Milliseconds of the monotonic clock. */
    startedAt: number;
    /** Of this request, when it is traced. */
    span: Span | null;
  }
}

export interface ParsedRequest {
  readonly principal: Principal;
  readonly params: unknown;
  readonly query: unknown;
  readonly rawBody: Buffer;
  readonly body: unknown;
}

/** The reason of the signal: nobody reads the answer, and it is no defect that there is none. */
const clientLeft = (): StreamFlowError =>
  new StreamFlowError('BadRequest', 'The client went away before it was answered');

/** What a handler is given; what few handlers read is computed when they do. */
export class HandlerContext implements RequestContext {
  readonly principal: Principal;
  readonly params: unknown;
  readonly query: unknown;
  readonly rawBody: Buffer;
  readonly body: unknown;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly #clientAddress: ClientAddress;
  #abort: AbortController | null = null;

  constructor(
    request: FastifyRequest,
    reply: FastifyReply,
    parsed: ParsedRequest,
    clientAddress: ClientAddress,
  ) {
    this.principal = parsed.principal;
    this.params = parsed.params;
    this.query = parsed.query;
    this.rawBody = parsed.rawBody;
    this.body = parsed.body;
    this.request = request;
    this.reply = reply;
    this.#clientAddress = clientAddress;
  }

  get correlationId(): string {
    return this.request.id;
  }

  get address(): string {
    return this.#clientAddress(this.request.raw);
  }

  get traceparent(): string | undefined {
    return this.request.span?.traceparent;
  }

  get headers(): RequestContext['headers'] {
    return this.request.raw.headers;
  }

  get signal(): AbortSignal {
    if (this.#abort === null) {
      const abort = new AbortController();
      this.#abort = abort;
      // The response, not the request: a request closes as soon as it has been read.
      const response = this.reply.raw;
      if (response.destroyed && !response.writableFinished) abort.abort(clientLeft());
      else
        response.once('close', () => {
          if (!response.writableFinished) abort.abort(clientLeft());
        });
    }
    return this.#abort.signal;
  }
}
