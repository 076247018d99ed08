import { StreamFlow, TrackError, type WebSocketConstructor } from '@streamflow/client';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { start, startIngestion } from './ingestion.fixture.ts';

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const run of cleanup.splice(0).reverse()) await run();
});

async function begin(apiKey = 'writer') {
  const ingestion = await startIngestion();
  cleanup.push(ingestion.close);
  const { port } = await ingestion.server.listen('127.0.0.1', 0);
  const errors: string[] = [];
  const client = new StreamFlow({
    ingestionUrl: `http://127.0.0.1:${port}`,
    apiKey,
    source: 'sdk',
    retry: { initialMs: 5, maxMs: 20 },
    onError: (error) => errors.push(error instanceof TrackError ? error.kind : error.code),
  });
  cleanup.push(() => client.close({ timeoutMs: 0 }));
  return { ...ingestion, client, errors };
}

describe('the SDK with the service', () => {
  it('delivers what is tracked, with the times of a wrong clock corrected, and hears what is refused', async () => {
    const { bus, client, errors } = await begin();
    const ids = [
      client.track({ type: 'custom', data: { n: 1 } }),
      client.track({ type: 'custom', tags: ['t'] }),
    ];
    client.track({ type: 'Not A Type' });
    await client.flush();
    expect(bus.events().map(({ id }) => id)).toEqual(ids);
    // The clock of the service stands still in another year than ours.
    for (const { timestamp } of bus.events())
      expect(Math.abs(Date.parse(timestamp) - start)).toBeLessThan(60_000);
    expect(errors).toEqual(['refused']);
  });

  it('resolves events on a socket when they are durable, and rejects those that are refused', async () => {
    const { bus, client } = await begin();
    const socket = client.connectIngestionSocket({ WebSocket });
    cleanup.push(() => socket.close());
    const timestamp = new Date(start).toISOString();
    const id = await socket.send({ type: 'custom', timestamp, data: { n: 1 } });
    expect(bus.events()).toMatchObject([{ id, source: 'sdk', data: { n: 1 } }]);
    await expect(socket.send({ type: 'Not A Type', timestamp })).rejects.toMatchObject({
      code: 'ValidationError',
      details: { field: 'type' },
    });
  });

  it('sends what a lost connection left unanswered again, with the same id', async () => {
    const { bus, client } = await begin();
    const sockets: WebSocket[] = [];
    const Recorded: WebSocketConstructor = class extends WebSocket {
      constructor(url: string) {
        super(url);
        sockets.push(this);
      }
    };
    const socket = client.connectIngestionSocket({ WebSocket: Recorded });
    cleanup.push(() => socket.close());
    bus.hold = true;
    const sent = socket.send({ type: 'custom', timestamp: new Date(start).toISOString() });
    await expect.poll(() => bus.events().length).toBe(1);
    bus.hold = false;
    sockets[0]?.terminate();
    bus.answer();
    const id = await sent;
    expect(sockets).toHaveLength(2);
    expect(new Set(bus.events().map((event) => event.id))).toEqual(new Set([id]));
  });
});
