import type { ServerResponse } from 'node:http';
import { type ErrorResponse, errorCatalogue } from '@streamflow/contracts';
import { StreamFlowError } from '../domain/errors.ts';

/** An error as it is sent. */
export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: ErrorResponse;
}

/** Errors of Fastify and of Node's parser that are the caller's doing, by their code. */
const foreignErrors: Readonly<Record<string, () => StreamFlowError>> = {
  FST_ERR_BAD_URL: () =>
    new StreamFlowError('BadRequest', 'The path is not valid: check its percent encoding'),
  FST_ERR_MAX_PARAM_LENGTH: () => new StreamFlowError('NotFound', 'There is no such resource'),
  FST_ERR_NOT_FOUND: () => new StreamFlowError('NotFound', 'There is no such resource'),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () =>
    new StreamFlowError('UnsupportedMediaType', 'Content-Type is not a valid media type'),
};

/** The error as one of the catalogue; null when it is a defect of ours. */
export function knownError(error: unknown): StreamFlowError | null {
  if (error instanceof StreamFlowError) return error;
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return null;
  return foreignErrors[error.code]?.() ?? null;
}

const internalError = new StreamFlowError(
  'InternalError',
  'Something went wrong on our side. The correlation id finds it in the logs.',
);

/** The one place where an error becomes HTTP. Nothing of an unknown error reaches the answer. */
export function errorAnswer(thrown: unknown, correlationId: string, now: number): ErrorAnswer {
  const error = knownError(thrown) ?? internalError;
  const headers: Record<string, string> = {};
  if (error.retryAfter !== undefined) headers['retry-after'] = String(error.retryAfter);
  if (error.code === 'AuthenticationRequired') headers['www-authenticate'] = 'Bearer';
  const { details } = error;
  if (error.code === 'MethodNotAllowed') headers.allow = (details.allowed_values ?? []).join(', ');
  const body: ErrorResponse = {
    error: error.code,
    message: error.message,
    details,
    timestamp: new Date(now).toISOString(),
    correlation_id: correlationId,
  };
  if (error.code === 'RateLimitExceeded') {
    body.retry_after = error.retryAfter ?? 60;
    if (typeof details.limit === 'number') body.limit = details.limit;
    body.remaining = 0;
  }
  return { status: errorCatalogue[error.code].status, headers, body };
}

/** Sends an error where there is no Fastify reply; once an answer has begun, it can only be cut off. */
export function answerError(response: ServerResponse, { status, headers, body }: ErrorAnswer): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const text = JSON.stringify(body);
  response
    .writeHead(status, {
      ...headers,
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(text),
      'x-content-type-options': 'nosniff',
      'x-correlation-id': body.correlation_id,
    })
    .end(text);
}
