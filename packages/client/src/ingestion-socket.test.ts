import type { EventInput, IngestionServerFrame } from '@streamflow/contracts';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { StreamFlow, type StreamFlowApiError, type StreamFlowOptions } from './index.ts';
import { ManualEnvironment } from './manual-environment.fixture.ts';
import type { SocketEvent, WebSocketConstructor, WebSocketLike } from './socket-types.ts';

interface Received {
  readonly type: string;
  readonly ref?: string;
  readonly token?: string;
  readonly data?: EventInput;
}

function setUp(options: Partial<StreamFlowOptions> = {}) {
  const environment = new ManualEnvironment();
  const sockets: FakeSocket[] = [];
  const errors: StreamFlowApiError[] = [];

  /** A WebSocket whose other end the test plays. */
  class FakeSocket implements WebSocketLike {
    readonly url: string;
    readonly received: Received[] = [];
    closed = false;
    readonly #listeners = new Map<string, ((event: SocketEvent) => void)[]>();

    constructor(url: string) {
      this.url = url;
      sockets.push(this);
    }
    addEventListener(type: string, listener: (event: SocketEvent) => void): void {
      this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
    }
    send(data: string): void {
      this.received.push(JSON.parse(data));
    }
    close(): void {
      this.closed = true;
    }
    emit(type: string, event: SocketEvent = {}): void {
      for (const listener of this.#listeners.get(type) ?? []) listener(event);
    }
    say(frame: IngestionServerFrame): void {
      this.emit('message', { data: JSON.stringify(frame) });
    }
    open(): void {
      this.emit('open');
      if (this.received.at(-1)?.type === 'auth') this.say({ type: 'ready' });
    }
    refs(): (string | undefined)[] {
      return this.received.filter(({ type }) => type === 'event').map(({ ref }) => ref);
    }
  }

  const client = new StreamFlow({
    ingestionUrl: 'http://events.test',
    apiKey: 'sf_key',
    source: 'test',
    environment,
    ...options,
  });
  const socket = client.connectIngestionSocket({
    WebSocket: FakeSocket,
    maxUnanswered: 3,
    onError: (error) => errors.push(error),
  });
  const last = (): FakeSocket => {
    const found = sockets.at(-1);
    if (found === undefined) throw new Error('No socket was opened');
    return found;
  };
  return { socket, sockets, last, environment, errors };
}

const ack = (ref: string | undefined): IngestionServerFrame => ({
  type: 'ack',
  event_id: ref ?? '',
  ref: ref ?? '',
});

describe('the ingestion socket', () => {
  it('signs in by its first frame and resolves each event with its acknowledgement', async () => {
    const { socket, last, environment } = setUp();
    const sent = [
      socket.send({ type: 'custom', data: { n: 1 } }),
      socket.send({ type: 'custom', data: { n: 2 } }),
    ];
    await environment.settle();
    expect(last().url).toBe('ws://events.test/ws');
    expect(last().received).toEqual([]);
    last().open();
    const [auth, ...events] = last().received;
    expect(auth).toEqual({ type: 'auth', token: 'sf_key' });
    expect(events.map(({ data }) => data?.data)).toEqual([{ n: 1 }, { n: 2 }]);
    for (const ref of last().refs().reverse()) last().say(ack(ref));
    expect(await Promise.all(sent)).toEqual(events.map(({ data }) => data?.id));
    expect(socket.pending).toBe(0);
  });

  it('sends what is not acknowledged again, with the same ids, over a new connection', async () => {
    const { socket, sockets, last, environment } = setUp();
    await environment.settle();
    last().open();
    const sent = [1, 2, 3].map((n) => socket.send({ type: 'custom', data: { n } }));
    await environment.settle();
    const [first, second, third] = last().refs();
    last().say(ack(second));
    last().emit('close');
    await environment.advance(1000);
    expect(sockets).toHaveLength(2);
    last().open();
    expect(last().refs()).toEqual([first, third]);
    for (const ref of [first, third]) last().say(ack(ref));
    expect(await Promise.all(sent)).toEqual([first, second, third]);
  });

  it('waits longer and longer for a server that is away', async () => {
    const { sockets, last, environment } = setUp();
    for (let n = 0; n < 20; n++) {
      await environment.settle();
      last().emit('close');
      await environment.advance(10_000);
    }
    expect(sockets.length).toBeGreaterThan(5);
    expect(sockets.length).toBeLessThan(15);
  });

  it('rejects an event that is refused, and keeps the others', async () => {
    const { socket, last, environment } = setUp();
    await environment.settle();
    last().open();
    const outcomes = Promise.allSettled([socket.send({ type: 'odd' }), socket.send({ type: 'custom' })]);
    await environment.settle();
    const [odd, good] = last().refs();
    last().say({
      type: 'error',
      error: 'ValidationError',
      message: 'Invalid event type provided',
      details: {},
      ref: odd ?? '',
    });
    last().say(ack(good));
    expect(await outcomes).toMatchObject([
      { status: 'rejected', reason: { code: 'ValidationError' } },
      { status: 'fulfilled', value: good },
    ]);
  });

  it('sends an event again after the wait that a busy server asks for', async () => {
    const { socket, last, environment } = setUp();
    await environment.settle();
    last().open();
    const sent = socket.send({ type: 'custom' });
    await environment.settle();
    const [ref] = last().refs();
    last().say({
      type: 'error',
      error: 'ServiceUnavailable',
      message: 'full',
      details: {},
      retry_after: 5,
      ref: ref ?? '',
    });
    await environment.advance(4999);
    expect(last().refs()).toEqual([ref]);
    await environment.advance(1000);
    expect(last().refs()).toEqual([ref, ref]);
    last().say(ack(ref));
    expect(await sent).toBe(ref);
  });

  it('tells of a refused credential and does not hammer', async () => {
    const { sockets, last, environment, errors } = setUp();
    for (let minute = 0; minute < 5; minute++) {
      await environment.settle();
      last().emit('open');
      last().say({ type: 'error', error: 'AuthenticationRequired', message: 'no', details: {} });
      last().emit('close');
      await environment.advance(60_000);
    }
    expect(errors[0]).toMatchObject({ code: 'AuthenticationRequired' });
    expect(sockets.length).toBeLessThan(7);
  });

  it('notices a connection that is dead without being closed', async () => {
    const { sockets, last, environment } = setUp();
    await environment.settle();
    last().open();
    await environment.advance(30_000);
    expect(last().received.at(-1)).toEqual({ type: 'ping' });
    last().say({ type: 'pong', timestamp: '2026-01-01T00:00:00Z' });
    await environment.advance(30_000);
    expect(sockets).toHaveLength(1);
    await environment.advance(31_000);
    expect(sockets).toHaveLength(2);
    expect(sockets[0]?.closed).toBe(true);
  });

  it('bounds what waits, and rejects what waits when it is closed', async () => {
    const { socket, environment } = setUp();
    const outcomes = Promise.allSettled([1, 2, 3, 4].map(() => socket.send({ type: 'custom' })));
    await environment.settle();
    const closed = socket.close({ timeoutMs: 1000 });
    await environment.advance(1000);
    await closed;
    expect(
      (await outcomes).map((outcome) => outcome.status === 'rejected' && outcome.reason.message),
    ).toEqual([
      'The socket was closed',
      'The socket was closed',
      'The socket was closed',
      '3 events are waiting for their acknowledgement',
    ]);
    expect(environment.pendingTimers).toBe(0);
  });

  it('takes the WebSocket of browsers', () => {
    expectTypeOf<typeof globalThis.WebSocket>().toExtend<WebSocketConstructor>();
  });
});
