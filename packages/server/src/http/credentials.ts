import type { IncomingHttpHeaders } from 'node:http';
import { StreamFlowError } from '../domain/errors.ts';

/** The credential in the headers: `Authorization: Bearer` or `X-API-Key`; null without one. */
export function headerCredential(headers: IncomingHttpHeaders): string | null {
  const authorization = headers.authorization;
  if (authorization !== undefined) {
    // The scheme is case-insensitive (RFC 9110, 11.1); nearly everyone writes it like this.
    if (authorization.startsWith('Bearer ')) return authorization.slice(7).trim();
    if (authorization.slice(0, 7).toLowerCase() === 'bearer ') return authorization.slice(7).trim();
    throw new StreamFlowError('AuthenticationRequired', 'Authorization must be of the form `Bearer <token>`');
  }
  const key = headers['x-api-key'];
  return typeof key === 'string' ? key : null;
}

/** The credential in a query string, `token` or `api_key`, for callers that cannot set headers. */
export function queryCredential(url: string): string | null {
  const start = url.indexOf('?');
  if (start < 0) return null;
  const query = new URLSearchParams(url.slice(start + 1));
  return query.get('token') ?? query.get('api_key');
}

export function credentialsMissing(): StreamFlowError {
  return new StreamFlowError(
    'AuthenticationRequired',
    'Send a token or an API key as `Authorization: Bearer <token>`',
  );
}
