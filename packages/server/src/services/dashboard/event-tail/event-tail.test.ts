import { once } from 'node:events';
import type { Event } from '@streamflow/contracts';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { unavailable } from '../../../domain/errors.ts';
import { silentLog } from '../../../domain/log.ts';
import { matchesFilter } from '../../../domain/queries/matches-filter.ts';
import type { Timers } from '../../../domain/timers.ts';
import type { EventStore } from '../../../engines/event-store/port.ts';
import { startTestServer, testService } from '../../../http/server.fixture.ts';
import { createEventFollower } from './event-follower.ts';
import { createEventTail } from './event-tail.ts';
import { createEventTailSocket } from './event-tail-socket.ts';

const noon = Date.UTC(2026, 4, 20, 12);
let made = 0;
function eventAt(time: number, fields: Partial<Event> = {}): Event {
  made += 1;
  const at = new Date(time).toISOString();
  return {
    id: `00000000-0000-4000-8000-${made.toString(16).padStart(12, '0')}`,
    type: 'web.click',
    source: 'website',
    timestamp: at,
    severity: 'medium',
    data: {},
    metadata: {},
    correlation_id: null,
    session_id: null,
    user_id: null,
    tags: [],
    received_at: at,
    ...fields,
  };
}

/** Lists by filter, newest first. */
function createStore() {
  const events: Event[] = [];
  const state = { away: false, reads: 0 };
  const store: Pick<EventStore, 'list'> = {
    async list({ filter, limit }) {
      state.reads += 1;
      if (state.away) throw unavailable('The store is away', 1);
      const found = events
        .filter((event) => matchesFilter(event, 'default', filter))
        .sort((a, b) => Date.parse(b.timestamp) - Date.parse(a.timestamp));
      const page = found.slice(0, limit);
      const last = page.at(-1);
      const more = found.length > limit && last !== undefined;
      return {
        events: page,
        total: found.length,
        next: more ? { timestamp: Date.parse(last.timestamp), id: last.id } : null,
      };
    },
  };
  return { events, store, state };
}

describe('following the store', () => {
  const limits = { overlapMs: 10_000, lookEvents: 50 };
  const begin = async () => {
    const { events, store } = createStore();
    const clock = { time: noon, now: () => clock.time };
    const follower = createEventFollower(store, clock, { project: 'default' }, limits);
    const look = () => follower.look(new AbortController().signal);
    events.push(eventAt(noon - 20_000), eventAt(noon - 500));
    expect(await look()).toEqual({ events: [], matched: 0 });
    return { events, look, clock };
  };

  it('tells each event once, in the order of their times, also one that is late within the overlap', async () => {
    const { events, look, clock } = await begin();
    const [first, second] = [eventAt(noon + 100), eventAt(noon + 200)];
    events.push(second, first);
    expect(await look()).toEqual({ events: [first, second], matched: 2 });
    expect(await look()).toEqual({ events: [], matched: 0 });
    clock.time += 5000;
    const late = eventAt(noon - 9000);
    events.push(late, eventAt(noon - 11_000));
    expect((await look()).events).toEqual([late]);
  });

  it('is not led astray by a clock that runs ahead', async () => {
    const { events, look, clock } = await begin();
    events.push(eventAt(noon + 86_400_000));
    expect((await look()).matched).toBe(1);
    clock.time += 1000;
    const now = eventAt(clock.time);
    events.push(now);
    expect((await look()).events).toEqual([now]);
  });

  it('reads the newest of very many, says how many there were, and never tells the rest as new', async () => {
    const { events, look, clock } = await begin();
    const many = Array.from({ length: 300 }, (_, i) => eventAt(noon + i));
    events.push(...many);
    const { events: told, matched } = await look();
    expect(told).toEqual(many.slice(-50));
    expect(matched).toBe(300);
    clock.time += 1000;
    expect(await look()).toEqual({ events: [], matched: 0 });
    const next = eventAt(clock.time);
    events.push(next);
    expect((await look()).events).toEqual([next]);
  });
});

/** Timers that run when the test says so. */
function createManualTimers() {
  const waiting = new Map<() => void, number>();
  const timers: Timers = {
    after(milliseconds, run) {
      waiting.set(run, milliseconds);
      return () => waiting.delete(run);
    },
  };
  return {
    timers,
    /** Runs what waits for so long. */
    fire(milliseconds: number) {
      for (const [run, after] of waiting) {
        if (after !== milliseconds) continue;
        waiting.delete(run);
        run();
      }
    },
    waits: (milliseconds: number) => [...waiting.values()].includes(milliseconds),
  };
}

const cleanup: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const run of cleanup.splice(0).reverse()) await run();
});
const turns = () => new Promise((resolve) => setImmediate(resolve));

async function begin(tailLimits = {}) {
  const { events, store, state } = createStore();
  const { timers, fire, waits } = createManualTimers();
  const clock = { now: () => noon };
  const tail = createEventTail({ events: store, clock, timers, log: silentLog, limits: tailLimits });
  const mounted = createEventTailSocket({ tail, clock, timers, log: silentLog });
  const server = await startTestServer([], { service: testService({ sockets: [mounted] }) });
  cleanup.push(() => server.close());
  const { port } = await server.listen('127.0.0.1', 0);
  const connect = async (query = '') => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/events${query}`);
    cleanup.push(() => socket.terminate());
    const frames: Record<string, unknown>[] = [];
    const waiting: (() => void)[] = [];
    socket.on('message', (data) => {
      frames.push(JSON.parse(String(data)));
      waiting.shift()?.();
    });
    const closed = once(socket, 'close').then(([code]): unknown => code);
    await once(socket, 'open');
    const next = async () => {
      if (frames.length === 0) await new Promise<void>((resolve) => waiting.push(resolve));
      return frames.shift();
    };
    return { socket, next, closed, frames, send: (frame: unknown) => socket.send(JSON.stringify(frame)) };
  };
  /** Lets everybody look again. */
  const look = async () => {
    while (!waits(1000)) await turns();
    fire(1000);
    while (!waits(1000)) await turns();
  };
  return { events, state, connect, look, fire, waits };
}

describe('WS /ws/events', () => {
  it('says when it is ready, and then tells of what fits the filters', async () => {
    const { events, connect, look } = await begin();
    events.push(eventAt(noon));
    const { next } = await connect('?token=reader-token&type=error&data.page=/pricing');
    expect(await next()).toEqual({ type: 'ready' });
    const wanted = eventAt(noon, { type: 'error', data: { page: '/pricing' } });
    events.push(eventAt(noon, { type: 'error' }), wanted, eventAt(noon));
    await look();
    expect(await next()).toEqual({ type: 'events', matched: 1, sampled: false, data: [wanted] });
  });

  it('takes the credentials in a frame, and nothing else before them', async () => {
    const { connect, fire } = await begin();
    const known = await connect();
    known.send({ type: 'auth', token: 'reader-token', ref: 'a' });
    expect(await known.next()).toEqual({ type: 'ready', ref: 'a' });
    known.send({ type: 'ping', ref: 'b' });
    expect(await known.next()).toMatchObject({ type: 'pong', ref: 'b' });
    known.send({ type: 'shout' });
    expect(await known.next()).toMatchObject({ type: 'error', error: 'ValidationError' });

    for (const frame of [
      { type: 'ping' },
      { type: 'auth', token: 'nobody' },
      { type: 'auth' },
      { type: 'auth', token: 'x'.repeat(5000) },
      5,
    ]) {
      const stranger = await connect();
      stranger.send(frame);
      expect(await stranger.next()).toMatchObject({ type: 'error' });
      expect(await stranger.closed).toBe(1008);
    }
    const writer = await connect();
    writer.send({ type: 'auth', token: 'writer-key' });
    expect(await writer.next()).toMatchObject({ type: 'error', error: 'PermissionDenied' });
    const silent = await connect();
    fire(5000);
    expect(await silent.next()).toMatchObject({ type: 'error', error: 'AuthenticationRequired' });
    expect(await silent.closed).toBe(1008);
  });

  it.each(['start=2026-01-01T00:00:00Z', 'severity=loud', 'data.=1'])(
    'refuses the filter %s',
    async (query) => {
      const { connect } = await begin();
      const { next, closed } = await connect(`?token=reader-token&${query}`);
      expect(await next()).toMatchObject({ type: 'error', error: 'ValidationError' });
      expect(await closed).toBe(1008);
    },
  );

  it('samples evenly what is too much for a frame, and says so', async () => {
    const { events, connect, look } = await begin({ frameEvents: 4 });
    const { next } = await connect('?token=reader-token');
    await next();
    const many = Array.from({ length: 8 }, (_, i) => eventAt(noon + i));
    events.push(...many);
    await look();
    expect(await next()).toEqual({
      type: 'events',
      matched: 8,
      sampled: true,
      data: [many[0], many[2], many[4], many[6]],
    });
  });

  it('looks once for all who follow the same, and not at all when nobody does', async () => {
    const { events, state, connect, look, waits } = await begin();
    const readers = await Promise.all([1, 2, 3].map(() => connect('?token=reader-token&type=error')));
    for (const { next } of readers.slice(0, 1)) await next();
    await look();
    for (const { next } of readers.slice(1)) expect(await next()).toEqual({ type: 'ready' });
    const before = state.reads;
    events.push(eventAt(noon, { type: 'error' }));
    await look();
    expect(state.reads).toBe(before + 1);
    for (const { next } of readers) expect(await next()).toMatchObject({ type: 'events', matched: 1 });
    for (const { socket, closed } of readers) {
      socket.close();
      await closed;
    }
    while (waits(1000)) await turns();
  });

  it('says once that the store is away, and goes on when it is back', async () => {
    const { events, state, connect, look } = await begin();
    const { next, frames } = await connect('?token=reader-token');
    await next();
    state.away = true;
    await look();
    await look();
    expect(await next()).toMatchObject({ type: 'error', error: 'ServiceUnavailable' });
    expect(frames).toEqual([]);
    state.away = false;
    events.push(eventAt(noon));
    await look();
    expect(await next()).toMatchObject({ type: 'events', matched: 1 });
  });

  it('leaves out frames for a reader that does not read, and tells it of the gap', async () => {
    const { events, connect, look } = await begin();
    const { socket, next } = await connect('?token=reader-token');
    await next();
    socket.pause();
    const large = () => eventAt(noon, { data: { text: 'x'.repeat(900_000) } });
    // What the kernel holds for a connection is some megabytes; then a frame or two wait here, and no more.
    const sent = 24;
    for (let i = 0; i < sent; i++) {
      events.splice(0, events.length, large());
      await look();
    }
    socket.resume();
    let told = 0;
    let dropped = 0;
    for (;;) {
      events.splice(0, events.length, eventAt(noon, { type: 'error' }));
      await look();
      const frame = await next();
      if (frame?.type === 'gap') dropped = Number(frame.dropped);
      else told += Number(frame?.matched);
      if (dropped > 0) break;
    }
    expect(dropped).toBeGreaterThan(0);
    expect(told).toBeLessThan(sent);
  });

  it('refuses one more filter than it may follow', async () => {
    const { connect } = await begin({ filters: 1 });
    const first = await connect('?token=reader-token&type=error');
    expect(await first.next()).toEqual({ type: 'ready' });
    const second = await connect('?token=reader-token&type=metric');
    expect(await second.next()).toMatchObject({ type: 'error', error: 'ServiceUnavailable' });
    expect(await second.closed).toBe(1013);
  });
});
