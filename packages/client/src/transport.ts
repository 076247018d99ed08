import type { ErrorResponse, ServiceName } from '@streamflow/contracts';
import { StreamFlowApiError } from './api-error.ts';
import { parseRetryAfter } from './back-off.ts';
import type { HttpRequest, HttpResponse } from './http-types.ts';
import type { ConnectionSettings } from './options.ts';
import { formatQuery, type Query } from './query-string.ts';

/** A body that is already in the form in which it travels. */
export interface RawBody {
  readonly content: string | Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ExchangeOptions {
  readonly query?: Query | undefined;
  readonly body?: RawBody | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly keepalive?: boolean;
  /** A status beyond the successful ones whose body is an answer too. */
  readonly alsoAnswers?: number;
}

export interface Transport {
  /**
   * Sends a request and returns the parsed JSON of a successful answer. The time-out covers all of it.
   * @throws StreamFlowApiError
   */
  exchange<T>(service: ServiceName, method: string, path: string, options?: ExchangeOptions): Promise<T>;
  /**
   * Sends a request and returns a successful answer with its body still to come. Time-out and signal cover the way to
   * its headers; from there on the reader of the body ends it.
   * @throws StreamFlowApiError
   */
  open(service: ServiceName, method: string, path: string, options?: ExchangeOptions): Promise<HttpResponse>;
}

export const jsonBody = (value: unknown): RawBody => ({
  content: JSON.stringify(value),
  headers: { 'content-type': 'application/json' },
});

export function createTransport(connection: ConnectionSettings): Transport {
  const { environment } = connection;

  /** `read` takes what it needs of a successful answer before the time-out ends. */
  async function send<T>(
    [service, method, path, options = {}]: Parameters<Transport['open']>,
    read: (response: HttpResponse) => Promise<T>,
  ): Promise<T> {
    const { signal } = options;
    const url = `${connection.urlOf(service)}${path}${formatQuery(options.query)}`;
    const credential = await connection.credential();
    const headers: Record<string, string> = { accept: 'application/json', ...options.body?.headers };
    if (credential !== undefined) headers.authorization = `Bearer ${credential}`;

    const abort = new AbortController();
    const forward = (): void => abort.abort(signal?.reason);
    if (signal?.aborted === true) forward();
    signal?.addEventListener('abort', forward, { once: true });
    let timedOut = false;
    const cancelTimeout = environment.schedule(() => {
      timedOut = true;
      abort.abort();
    }, connection.requestTimeoutMs);

    const request: HttpRequest = {
      method,
      headers,
      signal: abort.signal,
      ...(options.body === undefined ? {} : { body: options.body.content }),
      ...(options.keepalive === true ? { keepalive: true } : {}),
    };
    try {
      const response = await connection.fetch(url, request);
      const succeeded = response.status >= 200 && response.status < 300;
      if (!succeeded && response.status !== options.alsoAnswers)
        throw await toApiError(response, environment.now());
      return await read(response);
    } catch (error) {
      if (timedOut) throw noAnswer(url, error, connection.requestTimeoutMs);
      if (signal?.aborted === true) throw signal.reason;
      throw error instanceof StreamFlowApiError ? error : noAnswer(url, error);
    } finally {
      cancelTimeout();
      signal?.removeEventListener('abort', forward);
    }
  }

  return {
    exchange: <T>(...target: Parameters<Transport['open']>) => send(target, parseAnswer<T>),
    open: (...target) => send(target, async (response) => response),
  };
}

/** The JSON of a successful answer. */
async function parseAnswer<T>(response: HttpResponse): Promise<T> {
  let text: string;
  try {
    text = await response.text();
  } catch (cause) {
    throw new StreamFlowApiError({
      code: 'ConnectionFailed',
      status: response.status,
      message: 'The connection ended within the answer',
      correlationId: response.headers.get('x-correlation-id') ?? undefined,
      cause,
    });
  }
  try {
    return JSON.parse(text === '' ? 'null' : text);
  } catch (cause) {
    throw new StreamFlowApiError({
      code: 'InvalidResponse',
      status: response.status,
      message: `The answer (status ${response.status}) is not JSON; is this the address of StreamFlow?`,
      correlationId: response.headers.get('x-correlation-id') ?? undefined,
      cause,
    });
  }
}

async function toApiError(response: HttpResponse, now: number): Promise<StreamFlowApiError> {
  const correlationId = response.headers.get('x-correlation-id') ?? undefined;
  const retryAfter = parseRetryAfter(response.headers.get('retry-after'), now);
  const answer = parseErrorBody(await response.text());
  if (answer === undefined)
    return new StreamFlowApiError({
      code: 'InvalidResponse',
      status: response.status,
      message: `The answer (status ${response.status}) is not StreamFlow's`,
      correlationId,
      retryAfter,
    });
  return new StreamFlowApiError({
    code: answer.error,
    status: response.status,
    message: answer.message,
    details: answer.details ?? {},
    correlationId: answer.correlation_id ?? correlationId,
    retryAfter: retryAfter ?? answer.retry_after,
  });
}

function parseErrorBody(
  text: string,
): (Pick<ErrorResponse, 'error' | 'message'> & Partial<ErrorResponse>) | undefined {
  try {
    const body: ErrorResponse | null = JSON.parse(text);
    return typeof body?.error === 'string' && typeof body.message === 'string' ? body : undefined;
  } catch {
    return undefined;
  }
}

function noAnswer(url: string, cause: unknown, timeoutMs?: number): StreamFlowApiError {
  const origin = url.replace(/[?#].*$/, '');
  if (timeoutMs !== undefined)
    return new StreamFlowApiError({
      code: 'Timeout',
      status: 0,
      message: `No answer from ${origin} within ${timeoutMs} ms`,
      cause,
    });
  return new StreamFlowApiError({
    code: 'ConnectionFailed',
    status: 0,
    message: `No answer from ${origin}: ${deepestMessage(cause)}`,
    cause,
  });
}

/** `fetch` in Node says "fetch failed" and hides the reason (ECONNREFUSED, ENOTFOUND) in nested causes. */
function deepestMessage(error: unknown): string {
  let message = String(error);
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++)
    if (at.message !== '') message = at.message;
  return message;
}
