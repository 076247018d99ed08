import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { EventInput } from '@streamflow/contracts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StreamFlow, TrackError } from './index.ts';

/** What became of one request. */
type Trouble = 'none' | 'lost-answer' | '429' | '503' | '500' | 'stall' | 'cut-answer' | 'nonsense';

const troubles: readonly Trouble[] = [
  'cut-answer',
  'none',
  '503',
  'lost-answer',
  'none',
  'stall',
  '429',
  'nonsense',
  'none',
  '500',
];

const refusals: Partial<Record<Trouble, readonly [number, string]>> = {
  '429': [429, 'RateLimitExceeded'],
  '503': [503, 'ServiceUnavailable'],
  '500': [500, 'InternalError'],
};

/** A server that takes events and has the troubles of the list, one after the other, again and again. */
function createUnreliableServer() {
  const taken: EventInput[] = [];
  const seen: Trouble[] = [];
  const answerTo = (
    request: IncomingMessage,
    response: ServerResponse,
    events: readonly EventInput[],
  ): void => {
    const trouble = troubles[seen.length % troubles.length] ?? 'none';
    seen.push(trouble);
    const body = JSON.stringify({
      success: true,
      message: '',
      data: { event_ids: events.map(({ id }) => id), accepted: events.length, rejected: 0 },
    });
    const refusal = refusals[trouble];
    if (refusal !== undefined) {
      const [status, error] = refusal;
      response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '0' });
      response.end(JSON.stringify({ error, message: error, details: {} }));
      return;
    }
    if (trouble === 'nonsense') {
      response.end('<html>hello</html>');
      return;
    }
    // From here on the events are there, whether the client hears of it or not.
    taken.push(...events);
    if (trouble === 'stall') return;
    if (trouble === 'lost-answer') request.socket.destroy();
    else if (trouble === 'cut-answer') {
      response.writeHead(201, { 'content-length': body.length });
      response.write(body.slice(0, 20), () => request.socket.destroy());
    } else response.writeHead(201).end(body);
  };
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    answerTo(request, response, JSON.parse(text).events);
  });
  return { server, taken, seen };
}

let server: Server;
let port: number;
let url: string;
let state: ReturnType<typeof createUnreliableServer>;

beforeEach(async () => {
  state = createUnreliableServer();
  server = state.server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
  url = `http://127.0.0.1:${port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

describe('a server in trouble', () => {
  it('gets every event, none under two ids, over failures, stalls and lost connections', async () => {
    const errors: string[] = [];
    const client = new StreamFlow({
      ingestionUrl: url,
      source: 'test',
      requestTimeoutMs: 300,
      batch: { maxEvents: 10, maxWaitMs: 5, maxInFlight: 3 },
      retry: { initialMs: 5, maxMs: 20 },
      onError: (error) => errors.push(error instanceof TrackError ? error.kind : error.code),
    });
    const tracked: (string | null)[] = [];
    for (let n = 0; n < 500; n++) {
      tracked.push(client.track({ type: 'custom', data: { n } }));
      if (n % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(await client.close({ timeoutMs: 20_000 })).toEqual({ unsent: 0 });

    const idsOf = new Map<unknown, Set<unknown>>();
    for (const { id, data } of state.taken) {
      const ids = idsOf.get(data?.n) ?? new Set();
      idsOf.set(data?.n, ids.add(id));
    }
    expect([...idsOf.keys()].sort((a, b) => Number(a) - Number(b))).toEqual(tracked.map((_, n) => n));
    expect([...idsOf].every(([n, ids]) => ids.size === 1 && ids.has(tracked[Number(n)]))).toBe(true);
    // Something was sent again, or this has shown nothing.
    expect(state.taken.length).toBeGreaterThan(500);
    expect(new Set(state.seen)).toEqual(new Set(troubles));
    expect(new Set(errors)).toEqual(new Set(['held-up']));
  });

  it('is waited for when it is not there at all', async () => {
    await new Promise((resolve) => server.close(resolve));
    const client = new StreamFlow({
      ingestionUrl: url,
      source: 'test',
      batch: { maxWaitMs: 5 },
      retry: { initialMs: 5, maxMs: 20 },
      onError: () => {},
    });
    const id = client.track({ type: 'custom' });
    expect(await client.flush({ timeoutMs: 100 })).toEqual({ pending: 1 });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    expect(await client.flush({ timeoutMs: 10_000 })).toEqual({ pending: 0 });
    expect(new Set(state.taken.map((event) => event.id))).toEqual(new Set([id]));
    await client.close();
  });
});
