import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type FakeBus, startIngestion, turns } from './ingestion.fixture.ts';

const cleanup: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const run of cleanup.splice(0).reverse()) await run();
});

interface Reply {
  readonly type: string;
  readonly [field: string]: unknown;
}

async function begin(options: Parameters<typeof startIngestion>[0] = {}) {
  const ingestion = await startIngestion(options);
  cleanup.push(ingestion.close);
  const { port } = await ingestion.server.listen('127.0.0.1', 0);
  const connect = async (query = '') => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws${query}`);
    cleanup.push(() => socket.terminate());
    const replies: Reply[] = [];
    const waiting: (() => void)[] = [];
    socket.on('message', (data) => {
      replies.push(JSON.parse(String(data)));
      waiting.shift()?.();
    });
    const closed = once(socket, 'close').then(([code]): unknown => code);
    await once(socket, 'open');
    const next = async (): Promise<Reply> => {
      if (replies.length === 0) await new Promise<void>((resolve) => waiting.push(resolve));
      const reply = replies.shift();
      if (reply === undefined) throw new Error('No reply');
      return reply;
    };
    const send = (frame: unknown): void =>
      socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
    return { socket, send, next, closed, replies };
  };
  return { ...ingestion, connect };
}

const published = async (bus: FakeBus, count: number): Promise<void> => {
  while (bus.events().length < count) await turns();
};
const short = { event_type: 'user.activity', user_id: 'user123', action: 'page_view', page: '/dashboard' };

describe('events over a socket', () => {
  it('is held to the event types of its key', async () => {
    const { bus, connect } = await begin();
    const { send, next } = await connect('?token=clicks');
    send({ type: 'event', data: { event_type: 'error' } });
    expect(await next()).toMatchObject({ type: 'error' });
    send({ type: 'event', data: { event_type: 'web.click' } });
    expect(await next()).toMatchObject({ type: 'ack' });
    send({ type: 'batch', data: { events: [{ type: 'error', source: 's' }] } });
    expect(await next()).toMatchObject({ type: 'error' });
    expect(bus.events().map(({ type }) => type)).toEqual(['web.click']);
  });

  it('takes the documented frame, and acknowledges it when it is durable', async () => {
    const { bus, connect } = await begin();
    const { send, next, replies } = await connect('?token=writer');
    bus.hold = true;
    send({ type: 'event', data: short });
    await published(bus, 1);
    await turns();
    expect(replies).toEqual([]);
    bus.answer();
    const [event] = bus.events();
    expect(await next()).toEqual({ type: 'ack', event_id: event?.id });
    expect(event).toMatchObject({
      type: 'user.activity',
      source: 'websocket',
      user_id: 'user123',
      data: { action: 'page_view', page: '/dashboard' },
    });
  });

  it('lifts the fields of an event out of the short form, and takes the full form as it is', async () => {
    const { bus, connect } = await begin();
    const { send, next } = await connect('?api_key=writer');
    const lifted = {
      id: '550e8400-e29b-41d4-a716-446655440000',
      source: 'app',
      timestamp: '2023-12-01T11:00:00.000Z',
      severity: 'high',
      session_id: 's',
      correlation_id: 'c',
      tags: ['t'],
    };
    send({ type: 'event', data: { event_type: 'custom', ...lifted, type: 'mine', metadata: { a: 1 } } });
    await next();
    expect(bus.events()[0]).toMatchObject({
      type: 'custom',
      ...lifted,
      data: { type: 'mine', metadata: { a: 1 } },
    });
    send({ type: 'event', data: { type: 'custom', source: 'full', data: { event_type: 'x' } } });
    await next();
    expect(bus.events()[1]).toMatchObject({ source: 'full', data: { event_type: 'x' } });
    send({ type: 'event', data: { type: 'custom', source: 'full' } });
    expect(await next()).toMatchObject({ type: 'ack' });
  });

  it('echoes the ref of a frame in whatever answers it', async () => {
    const { connect, bus } = await begin();
    const { send, next } = await connect('?token=writer');
    send({ type: 'event', data: short, ref: 'a' });
    expect(await next()).toMatchObject({ type: 'ack', ref: 'a' });
    send({ type: 'ping', ref: 'b' });
    expect(await next()).toEqual({ type: 'pong', timestamp: '2023-12-01T12:00:00.000Z', ref: 'b' });
    send({ type: 'event', data: {}, ref: 'c' });
    expect(await next()).toMatchObject({ type: 'error', ref: 'c' });
    bus.rejects.add('user.activity');
    send({ type: 'event', data: short, ref: 'd' });
    expect(await next()).toEqual({
      type: 'error',
      error: 'ServiceUnavailable',
      message: 'The bus is full',
      details: {},
      retry_after: 2,
      ref: 'd',
    });
    send({ type: 'ping', ref: 7 });
    const refused = await next();
    expect(refused).toMatchObject({ error: 'ValidationError', details: { field: 'ref' } });
    expect(refused).not.toHaveProperty('ref');
  });

  it('takes batches, all or nothing unless partial', async () => {
    const { bus, connect } = await begin();
    const { send, next } = await connect('?token=writer');
    send({ type: 'batch', data: { events: [short, { type: 'custom', source: 's' }] } });
    const ack = await next();
    expect(ack).toMatchObject({ type: 'ack', event_ids: bus.events().map(({ id }) => id) });
    const events = [short, { event_type: 'nope' }];
    send({ type: 'batch', data: { events } });
    expect(await next()).toMatchObject({
      error: 'ValidationError',
      details: { issues: [{ index: 1, field: 'event_type' }] },
    });
    send({ type: 'batch', data: { events, partial: true } });
    expect(await next()).toMatchObject({
      type: 'ack',
      event_ids: [expect.any(String), null],
      errors: [{ index: 1, field: 'event_type' }],
    });
    expect(bus.events()).toHaveLength(3);
  });

  it.each([
    ['{', 'BadRequest', undefined],
    ['[]', 'ValidationError', ''],
    ['{"type":"subscribe"}', 'ValidationError', 'type'],
    ['{"type":"event","event":{}}', 'ValidationError', 'event'],
    ['{"type":"event","data":{"event_type":"custom","__proto__":{}}}', 'ValidationError', '__proto__'],
    ['{"type":"event","data":{"event_type":"custom","n":1e400}}', 'ValidationError', 'n'],
    ['{"type":"event","data":{"event_type":"web.clack"}}', 'ValidationError', 'event_type'],
    ['{"type":"batch","data":[]}', 'ValidationError', 'data'],
    ['{"type":"batch","data":{"events":[],"x":1}}', 'ValidationError', 'data.x'],
    ['{"type":"batch","data":{"events":[]}}', 'ValidationError', 'data.events'],
    ['{"type":"batch","data":{"events":[{}],"partial":1}}', 'ValidationError', 'data.partial'],
    ['{"type":"batch","data":{"events":[{}],"sent_at":"noon"}}', 'ValidationError', 'data.sent_at'],
  ])('answers %s with an error and goes on', async (frame, code, field) => {
    const { connect } = await begin();
    const { send, next } = await connect('?token=writer');
    send(frame);
    const reply = await next();
    expect(reply).toMatchObject({ type: 'error', error: code });
    expect(reply.details).toMatchObject(field === undefined ? {} : { field });
    send({ type: 'ping' });
    expect(await next()).toMatchObject({ type: 'pong' });
  });

  it('closes a socket whose frame is larger than the body limit (1009)', async () => {
    const { connect } = await begin({ maxBodyBytes: 1000 });
    const { send, closed } = await connect('?token=writer');
    send({ type: 'event', data: { ...short, text: 'x'.repeat(1000) } });
    expect(await closed).toBe(1009);
  });

  it('is not disturbed by a client that goes away before its answer', async () => {
    const { bus, connect, post } = await begin();
    const { socket, send } = await connect('?token=writer');
    bus.hold = true;
    send({ type: 'event', data: short });
    await published(bus, 1);
    socket.terminate();
    await turns(20);
    bus.hold = false;
    bus.answer();
    expect((await post('/events', { type: 'custom', source: 's' })).status).toBe(201);
  });
});

describe('the back-pressure of a socket', () => {
  it('stops reading while too many frames are unanswered, and reads on when they are', async () => {
    const { bus, connect } = await begin({
      socketLimits: { maxPendingFrames: 10 },
      publisherLimits: { maxFlushesInFlight: 1000 },
    });
    const { send, replies } = await connect('?token=writer');
    bus.hold = true;
    // More than the server reads from the connection in one piece, which it cannot leave half read.
    const frames = 400;
    const padding = 'x'.repeat(2000);
    for (let ref = 0; ref < frames; ref += 1)
      send({ type: 'event', data: { ...short, padding }, ref: String(ref) });
    await published(bus, 10);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const taken = bus.events().length;
    expect(taken).toBeLessThan(100);
    expect(replies).toEqual([]);
    while (replies.length < frames) {
      bus.answer();
      await turns();
    }
    expect(replies.map(({ ref }) => ref)).toEqual(Array.from({ length: frames }, (_, ref) => String(ref)));
  });

  it('stops reading from a client that does not read its answers', async () => {
    const { bus, connect, counts } = await begin({ socketLimits: { maxUnreadBytes: 100_000 } });
    const { socket, send, replies } = await connect('?token=writer');
    socket.pause();
    // Each frame of 40 bytes is answered by some 500: without the limit, 50 MB would pile up.
    const frames = 100_000;
    for (let n = 0; n < frames; n += 1) send('{"type":"event","data":{"event_type":"x"}}');
    const refused = (): number => counts['refused invalid'] ?? 0;
    let before = -1;
    while (refused() !== before) {
      before = refused();
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    expect(refused()).toBeGreaterThan(0);
    expect(refused()).toBeLessThan(frames / 2);
    socket.resume();
    while (replies.length < frames) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(refused()).toBe(frames);
    expect(bus.published).toEqual([]);
  }, 120_000);
});

describe('the authentication of a socket', () => {
  it('takes a token in the first frame', async () => {
    const { connect } = await begin();
    const { send, next } = await connect();
    send({ type: 'auth', token: 'writer', ref: 'a' });
    expect(await next()).toEqual({ type: 'ready', ref: 'a' });
    send({ type: 'event', data: short });
    expect(await next()).toMatchObject({ type: 'ack' });
  });

  it('takes the frames that were sent behind the token without waiting, in their order', async () => {
    const { bus, connect, timers } = await begin();
    const { send, next } = await connect();
    send({ type: 'auth', token: 'writer' });
    for (const ref of ['a', 'b', 'c'])
      send({ type: 'event', data: { ...short, text: 'x'.repeat(5000) }, ref });
    expect(await next()).toMatchObject({ type: 'ready' });
    for (const ref of ['a', 'b', 'c']) expect(await next()).toMatchObject({ type: 'ack', ref });
    expect(bus.events()).toHaveLength(3);
    expect(timers.waiting()).toBe(0);
  });

  it('closes a socket that sends no token within five seconds', async () => {
    const { connect, timers } = await begin();
    const { next, closed, replies } = await connect();
    while (timers.waiting() === 0) await turns();
    await timers.advance(4999);
    expect(replies).toEqual([]);
    await timers.advance(1);
    expect(await next()).toMatchObject({ type: 'error', error: 'AuthenticationRequired' });
    expect(await closed).toBe(1008);
  });

  it.each([
    ['another frame', JSON.stringify({ type: 'event', data: short }), 'AuthenticationRequired'],
    ['a wrong token', JSON.stringify({ type: 'auth', token: 'nobody' }), 'AuthenticationRequired'],
    ['no token', JSON.stringify({ type: 'auth' }), 'AuthenticationRequired'],
    [
      'a frame over 4 KB',
      JSON.stringify({ type: 'auth', token: 'x'.repeat(4096) }),
      'AuthenticationRequired',
    ],
    ['what is not JSON', 'hello', 'BadRequest'],
    ['a token that may not write', JSON.stringify({ type: 'auth', token: 'reader' }), 'PermissionDenied'],
  ])('answers %s with an error and closes', async (_, frame, code) => {
    const { connect, timers, bus } = await begin();
    const { send, next, closed } = await connect();
    send(frame);
    send({ type: 'event', data: short });
    expect(await next()).toMatchObject({ type: 'error', error: code });
    expect(await closed).toBe(1008);
    expect(timers.waiting()).toBe(0);
    expect(bus.published).toEqual([]);
  });

  it('takes events without a token once anonymous ingestion is allowed', async () => {
    const { connect, bus, timers } = await begin({ anonymousProject: 'default' });
    const { send, next } = await connect();
    send({ type: 'event', data: short });
    expect(await next()).toMatchObject({ type: 'ack' });
    expect(bus.published[0]?.headers.project).toBe('default');
    expect(timers.waiting()).toBe(0);
  });

  it('counts the open sockets', async () => {
    const { connect, get } = await begin();
    const { socket, closed } = await connect('?token=writer');
    expect((await get('/health')).body.checks.websocket_connections).toBe(1);
    socket.close();
    await closed;
    await turns(20);
    expect((await get('/health')).body.checks.websocket_connections).toBe(0);
  });
});
