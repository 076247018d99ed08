import { Agent, type IncomingMessage, request as startRequest } from 'node:http';
import type { FetchLike, HttpResponse } from '@streamflow/client';

export interface UnixSocketFetch {
  readonly fetch: FetchLike;
  /** Closes idle connections. */
  close(): void;
}

/** A fetch that speaks HTTP over a Unix socket; the host of an address is of no matter. Connections are kept. */
export function createUnixSocketFetch(socketPath: string): UnixSocketFetch {
  const agent = new Agent({ keepAlive: true });
  const fetch: FetchLike = (url, { method, headers, body, signal }) =>
    new Promise((resolve, reject) => {
      const { pathname, search } = new URL(url);
      const outgoing = startRequest(
        {
          socketPath,
          agent,
          method,
          path: `${pathname}${search}`,
          headers: {
            ...headers,
            ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
          },
          signal,
        },
        (incoming) => resolve(toResponse(incoming)),
      );
      // An abort that comes within the body ends the stream below instead; then this promise is settled already.
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  return { fetch, close: () => agent.destroy() };
}

function toResponse(incoming: IncomingMessage): HttpResponse {
  return {
    status: incoming.statusCode ?? 0,
    headers: {
      get(name) {
        const value = incoming.headers[name.toLowerCase()];
        return value === undefined ? null : String(value);
      },
    },
    body: {
      getReader() {
        const chunks: AsyncIterator<Buffer, undefined> = incoming[Symbol.asyncIterator]();
        return {
          async read() {
            const { done, value } = await chunks.next();
            return done === true ? { done: true } : { done: false, value };
          },
          async cancel() {
            incoming.destroy();
          },
        };
      },
    },
    async text() {
      const parts: Buffer[] = [];
      for await (const chunk of incoming) parts.push(chunk);
      return Buffer.concat(parts).toString('utf8');
    },
  };
}
