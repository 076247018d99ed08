import { describe, expect, it } from 'vitest';
import { EventTailSocket } from './event-tail-socket.ts';
import { LiveMetricsSocket } from './live-metrics-socket.ts';
import { ManualEnvironment } from './manual-environment.fixture.ts';
import { resolveConnection } from './options.ts';
import type { SocketEvent, WebSocketLike } from './socket-types.ts';

class FakeSocket implements WebSocketLike {
  static readonly opened: FakeSocket[] = [];
  readonly sent: string[] = [];
  readonly #listeners = new Map<string, (event: SocketEvent) => void>();
  readonly url: string;
  constructor(url: string) {
    this.url = url;
    FakeSocket.opened.push(this);
  }
  send(data: string): void {
    this.sent.push(data);
  }
  close(): void {}
  addEventListener(type: string, listener: (event: SocketEvent) => void): void {
    this.#listeners.set(type, listener);
  }
  emit(type: string, data?: unknown): void {
    this.#listeners.get(type)?.({ data: data === undefined ? undefined : JSON.stringify(data) });
  }
}

const snapshot = {
  type: 'snapshot',
  seq: 0,
  timestamp: '2024-01-01T00:00:00.000Z',
  metrics: {},
  seconds: [],
};

async function follow() {
  FakeSocket.opened.length = 0;
  const environment = new ManualEnvironment();
  const frames: string[] = [];
  const states: string[] = [];
  const connection = resolveConnection({ dashboardUrl: 'http://d.example', token: 't', environment });
  const socket = new LiveMetricsSocket(
    {
      connection,
      WebSocket: FakeSocket,
      environment,
      retry: { initialMs: 100, maxMs: 1000, refusedMs: 60_000 },
    },
    { onFrame: ({ type }) => frames.push(type), onState: (state) => states.push(state) },
  );
  await Promise.resolve();
  await Promise.resolve();
  return { environment, frames, states, socket };
}

describe('following live metrics', () => {
  it('authenticates in the first frame and hands on what comes', async () => {
    const { frames, states } = await follow();
    const [first] = FakeSocket.opened;
    first?.emit('open');
    first?.emit('message', snapshot);
    expect(first?.url).toBe('ws://d.example/ws/metrics');
    expect(first?.sent.map((text) => JSON.parse(text))).toEqual([{ type: 'auth', token: 't' }]);
    expect([frames, states]).toEqual([['snapshot'], ['live']]);
  });

  it('says that it lost the connection when it closes or falls silent, and opens another', async () => {
    const { environment, states } = await follow();
    FakeSocket.opened[0]?.emit('message', snapshot);
    await environment.advance(5001);
    await environment.advance(1000);
    expect(states).toEqual(['live', 'lost']);
    expect(FakeSocket.opened.length).toBe(2);
    FakeSocket.opened[1]?.emit('message', snapshot);
    FakeSocket.opened[1]?.emit('close');
    await environment.advance(1000);
    expect(states).toEqual(['live', 'lost', 'live', 'lost']);
    expect(FakeSocket.opened.length).toBe(3);
  });

  it('opens nothing any more once it is closed', async () => {
    const { environment, socket } = await follow();
    socket.close();
    FakeSocket.opened[0]?.emit('close');
    await environment.advance(100_000);
    expect(FakeSocket.opened.length).toBe(1);
  });
});

describe('following events', () => {
  const open = async () => {
    FakeSocket.opened.length = 0;
    const environment = new ManualEnvironment();
    const states: string[] = [];
    const connection = resolveConnection({ dashboardUrl: 'http://d.example', token: 't', environment });
    const socket = new EventTailSocket(
      {
        connection,
        WebSocket: FakeSocket,
        environment,
        retry: { initialMs: 100, maxMs: 1000, refusedMs: 60_000 },
      },
      { filter: { type: ['a', 'b'] }, onFrame: () => {}, onState: (state) => states.push(state) },
    );
    await environment.settle();
    const [first] = FakeSocket.opened;
    first?.emit('message', { type: 'ready' });
    return { environment, states, socket, first };
  };

  it('asks for what the filter says', async () => {
    const { first, socket } = await open();
    expect(first?.url).toBe('ws://d.example/ws/events?type=a&type=b');
    socket.close();
  });

  it('stays live without events for as long as pings are answered', async () => {
    const { environment, states, first, socket } = await open();
    for (let round = 1; round <= 6; round++) {
      await environment.advance(10_000);
      expect(first?.sent.filter((text) => text.includes('ping')).length).toBe(round);
      first?.emit('message', { type: 'pong' });
    }
    expect(states).toEqual(['live']);
    await environment.advance(25_001);
    expect(states).toEqual(['live', 'lost']);
    socket.close();
  });

  it('connects anew soon when the store is away, and late when it is refused', async () => {
    const { environment, states, first, socket } = await open();
    first?.emit('message', { type: 'error', error: 'ServiceUnavailable' });
    await environment.advance(1000);
    expect(FakeSocket.opened.length).toBe(2);
    FakeSocket.opened[1]?.emit('message', { type: 'error', error: 'PermissionDenied' });
    await environment.advance(59_000);
    expect(FakeSocket.opened.length).toBe(2);
    await environment.advance(2000);
    expect(FakeSocket.opened.length).toBe(3);
    expect(states).toEqual(['live', 'lost']);
    socket.close();
  });
});
