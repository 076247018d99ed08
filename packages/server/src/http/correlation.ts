import type { IncomingMessage } from 'node:http';

/** What may come in as `X-Correlation-ID`: safe in headers, logs and queries, and bounded. */
const acceptable = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

/** The correlation id of a request: the caller's when it is acceptable, else a new one. */
export function correlationIdOf(raw: IncomingMessage, newId: () => string): string {
  const given = raw.headers['x-correlation-id'];
  return typeof given === 'string' && acceptable.test(given) ? given : newId();
}
