import { describe, expect, it } from 'vitest';
import type { StreamFlowApiError } from './api-error.ts';
import { StreamFlow, type StreamFlowOptions, TrackError } from './index.ts';
import { ManualEnvironment } from './manual-environment.fixture.ts';
import {
  type Answer,
  accept,
  answer,
  noNetwork,
  refuse,
  scriptedFetch,
  silence,
} from './scripted-fetch.fixture.ts';

function setUp(script: readonly [Answer, ...Answer[]], options: Partial<StreamFlowOptions> = {}) {
  const environment = new ManualEnvironment();
  const { fetch, sent } = scriptedFetch(() => environment.now(), ...script);
  const errors: (TrackError | StreamFlowApiError)[] = [];
  const client = new StreamFlow({
    ingestionUrl: 'http://events.test/',
    apiKey: 'sf_key',
    source: 'test',
    fetch,
    environment,
    onError: (error) => errors.push(error),
    ...options,
  });
  const kinds = () => errors.map((error) => (error instanceof TrackError ? error.kind : error.code));
  return { client, environment, sent, errors, kinds };
}

const ids = (sent: { events: readonly { id?: string }[] }[]) =>
  sent.map(({ events }) => events.map(({ id }) => id));

describe('tracking', () => {
  it('gives an event its id and time at the call and sends it after the wait', async () => {
    const { client, environment, sent } = setUp([accept()]);
    const at = environment.now();
    const id = client.track({ type: 'web.click', data: { page: '/' } });
    await environment.advance(999);
    expect(sent).toHaveLength(0);
    await environment.advance(1);
    expect(sent).toHaveLength(1);
    expect(sent[0]?.url).toBe('http://events.test/events/batch?partial=true');
    expect(sent[0]?.request.headers).toMatchObject({ authorization: 'Bearer sf_key' });
    expect(sent[0]?.events).toEqual([
      { id, type: 'web.click', source: 'test', timestamp: new Date(at).toISOString(), data: { page: '/' } },
    ]);
    expect(JSON.parse(String(sent[0]?.request.body)).sent_at).toBe(new Date(at + 1000).toISOString());
    expect(client.pending).toBe(0);
  });

  it('sends what was tracked even when the application changes its object afterwards', async () => {
    const { client, environment, sent } = setUp([accept()]);
    const data = { count: 1 };
    client.track({ type: 'metric', data });
    data.count = 2;
    await environment.advance(1000);
    expect(sent[0]?.events[0]?.data).toEqual({ count: 1 });
  });

  it('sends a full batch at once, in order, and one request at a time', async () => {
    const { client, environment, sent } = setUp([accept()], { batch: { maxEvents: 3 } });
    const tracked = Array.from({ length: 7 }, () => client.track({ type: 'custom' }));
    await environment.settle();
    expect(ids(sent)).toEqual([tracked.slice(0, 3), tracked.slice(3, 6)]);
    await environment.advance(1000);
    expect(ids(sent).flat()).toEqual(tracked);
    expect([...tracked].sort()).toEqual(tracked);
  });

  it('keeps batches under their bytes; an event that is larger travels alone', async () => {
    const { client, environment, sent } = setUp([accept()], { batch: { maxBytes: 500 } });
    for (const size of [10, 10, 1000, 10]) client.track({ type: 'custom', data: { text: 'ä'.repeat(size) } });
    await environment.advance(1000);
    expect(sent.map(({ events }) => events.length)).toEqual([2, 1, 1]);
  });

  it('compresses large bodies when asked to', async () => {
    const { client, sent } = setUp([() => answer(201, { data: { event_ids: ['x'] } })], {
      batch: { gzipFromBytes: 1000 },
    });
    client.track({ type: 'custom', data: { text: 'a'.repeat(5000) } });
    void client.flush();
    // Compressing takes a thread of its own, and so real time.
    while (sent.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(sent[0]?.request.headers['content-encoding']).toBe('gzip');
    const compressed = new Blob([sent[0]?.request.body ?? '']).stream();
    const text = await new Response(compressed.pipeThrough(new DecompressionStream('gzip'))).text();
    expect(JSON.parse(text).events).toHaveLength(1);
  });

  it.each([
    ['no type', { type: '' }],
    ['a list as data', { type: 'custom', data: JSON.parse('[]') }],
    ['an id that is none', { type: 'custom', id: '7' }],
    ['a number beyond JSON', { type: 'custom', data: { n: 1n } }],
    ['an invalid date', { type: 'custom', timestamp: new Date(Number.NaN) }],
  ])('refuses %s at the call and says so', async (_, event) => {
    const { client, environment, sent, kinds } = setUp([accept()]);
    expect(client.track(event)).toBeNull();
    await environment.advance(5000);
    expect(kinds()).toEqual(['invalid']);
    expect(sent).toHaveLength(0);
  });

  it('drops the newest and tells with the event when the queue is full', async () => {
    const { client, errors, kinds } = setUp([silence], { queue: { maxEvents: 2 } });
    client.track({ type: 'custom', data: { n: 1 } });
    client.track({ type: 'custom', data: { n: 2 } });
    expect(client.track({ type: 'custom', data: { n: 3 } })).toBeNull();
    expect(kinds()).toEqual(['queue-full']);
    expect(errors[0]).toMatchObject({ events: [{ type: 'custom', data: { n: 3 } }] });
    expect(client.pending).toBe(2);
  });
});

describe('a refused event', () => {
  it('is told, dropped, and blocks nothing', async () => {
    const { client, environment, errors, kinds } = setUp([accept(1), accept()]);
    client.track({ type: 'custom', data: { n: 0 } });
    client.track({ type: 'odd', data: { n: 1 } });
    client.track({ type: 'custom', data: { n: 2 } });
    await environment.advance(1000);
    expect(kinds()).toEqual(['refused']);
    expect(errors[0]).toMatchObject({
      message: 'type: Invalid event type provided',
      events: [{ type: 'odd', data: { n: 1 } }],
    });
    expect(client.pending).toBe(0);
  });

  it('that is named in a 422 is dropped, and the rest is sent again', async () => {
    const issues = [{ index: 0, field: 'data.a', message: 'too deep' }];
    const { client, environment, sent, kinds } = setUp([
      refuse(422, 'ValidationError', {}, { issues }),
      accept(),
    ]);
    const tracked = [1, 2, 3].map(() => client.track({ type: 'custom' }));
    await environment.advance(1000);
    expect(ids(sent)).toEqual([tracked, tracked.slice(1)]);
    expect(kinds()).toEqual(['refused']);
  });

  it('that spoils its batch without being named is found by halving', async () => {
    const poisoned: Answer = (request) =>
      request.events.some(({ data }) => data?.bad === true)
        ? refuse(400, 'BadRequest')(request)
        : accept()(request);
    const { client, environment, sent, errors, kinds } = setUp([poisoned]);
    const tracked = Array.from({ length: 8 }, (_, n) =>
      client.track({ type: 'custom', data: { bad: n === 5 } }),
    );
    await environment.advance(1000);
    expect(kinds()).toEqual(['refused']);
    expect(errors[0]).toMatchObject({ events: [{ id: tracked[5] }] });
    expect(client.pending).toBe(0);
    expect(sent.length).toBeLessThan(10);
  });

  it('splits a batch that is too large for the server', async () => {
    const small: Answer = (request) => (request.events.length > 2 ? answer(413, 'nginx') : accept()(request));
    const { client, environment, sent, kinds } = setUp([small]);
    const tracked = Array.from({ length: 5 }, () => client.track({ type: 'custom' }));
    await environment.advance(1000);
    expect(ids(sent.filter(({ events }) => events.length <= 2)).flat()).toEqual(tracked);
    expect(kinds()).toEqual([]);
  });

  it('that makes the server fail again and again is given up in the end, alone', async () => {
    const poisoned: Answer = (request) =>
      request.events.some(({ data }) => data?.bad === true)
        ? refuse(500, 'InternalError')(request)
        : accept()(request);
    const { client, environment, kinds } = setUp([poisoned]);
    for (let n = 0; n < 4; n++) client.track({ type: 'custom', data: { bad: n === 1 } });
    await environment.advance(60_000);
    expect(kinds()).toEqual(['held-up']);
    await environment.advance(3_600_000);
    expect(kinds()).toEqual(['held-up', 'refused']);
    expect(client.pending).toBe(0);
  });
});

describe('a server that is away', () => {
  it('gets the same batch with the same ids until it answers, in growing waits', async () => {
    const { client, environment, sent, kinds } = setUp([
      noNetwork,
      refuse(502, 'BadGateway'),
      noNetwork,
      accept(),
    ]);
    const tracked = [client.track({ type: 'custom' }), client.track({ type: 'custom' })];
    await environment.advance(60_000);
    expect(ids(sent)).toEqual([tracked, tracked, tracked, tracked]);
    const waits = sent.slice(1).map(({ at }, index) => at - (sent[index]?.at ?? 0));
    expect(waits).toEqual([375, 750, 1500]);
    expect(kinds()).toEqual(['held-up']);
    expect(client.pending).toBe(0);
  });

  it.each([429, 503])('is not asked again before the Retry-After of a %i is over', async (status) => {
    const { client, environment, sent } = setUp([refuse(status, 'Busy', { 'retry-after': '20' }), accept()]);
    client.track({ type: 'custom' });
    await environment.advance(1000);
    await environment.advance(20_000);
    expect(sent).toHaveLength(1);
    await environment.advance(2000);
    expect(sent).toHaveLength(2);
  });

  it('holds all requests up together and is probed by one of them', async () => {
    let up = false;
    const { client, environment, sent } = setUp(
      [(request) => (up ? accept()(request) : noNetwork(request))],
      {
        batch: { maxEvents: 1, maxInFlight: 4 },
      },
    );
    for (let n = 0; n < 8; n++) client.track({ type: 'custom' });
    await environment.settle();
    expect(sent).toHaveLength(4);
    await environment.advance(400);
    expect(sent).toHaveLength(5);
    up = true;
    await environment.advance(800);
    expect(client.pending).toBe(0);
  });

  it('that says nothing is given up after the time-out and asked again', async () => {
    const { client, environment, sent } = setUp([silence, accept()], { requestTimeoutMs: 5000 });
    client.track({ type: 'custom' });
    await environment.advance(1000 + 5000 + 500);
    expect(sent).toHaveLength(2);
    expect(client.pending).toBe(0);
  });

  it('is not taken for a captive portal that answers 200 to everything', async () => {
    const { client, environment, sent } = setUp([() => answer(200, { welcome: true }), accept()]);
    client.track({ type: 'custom' });
    await environment.advance(2000);
    expect(sent).toHaveLength(2);
    expect(client.pending).toBe(0);
  });

  it('loses nothing that fits into the queue while offline', async () => {
    let up = false;
    const { client, environment, sent } = setUp([(request) => (up ? accept()(request) : noNetwork(request))]);
    const tracked: (string | null)[] = [];
    for (let n = 0; n < 500; n++) {
      tracked.push(client.track({ type: 'custom' }));
      await environment.advance(100);
    }
    up = true;
    await environment.advance(60_000);
    const answered = sent.filter(({ at }) => at > environment.now() - 60_000);
    expect(ids(answered).flat()).toEqual(tracked);
  });
});

describe('a refused credential', () => {
  it('is told once and asked again slowly', async () => {
    const { client, environment, sent, errors, kinds } = setUp([refuse(401, 'AuthenticationRequired')]);
    client.track({ type: 'custom' });
    await environment.advance(10 * 60_000);
    expect(kinds()).toEqual(['held-up']);
    expect(errors[0]?.cause).toMatchObject({
      code: 'AuthenticationRequired',
      status: 401,
      correlationId: 'c-1',
    });
    expect(sent.length).toBeLessThan(13);
    expect(client.pending).toBe(1);
  });

  it('is asked for again when it can be renewed', async () => {
    let token = 'old';
    const { client, environment, sent } = setUp([refuse(401, 'AuthenticationRequired'), accept()], {
      getToken: async () => token,
    });
    client.track({ type: 'custom' });
    await environment.advance(1000);
    token = 'new';
    await environment.advance(1000);
    expect(sent.map(({ request }) => request.headers.authorization)).toEqual(['Bearer old', 'Bearer new']);
    expect(client.pending).toBe(0);
  });
});

describe('flush and close', () => {
  it('sends at once and resolves when everything is answered', async () => {
    const { client, sent } = setUp([accept()]);
    client.track({ type: 'custom' });
    expect(await client.flush()).toEqual({ pending: 0 });
    expect(sent).toHaveLength(1);
  });

  it('resolves after the time with what is not answered', async () => {
    const { client, environment } = setUp([silence]);
    client.track({ type: 'custom' });
    const flushed = client.flush({ timeoutMs: 100 });
    await environment.advance(100);
    expect(await flushed).toEqual({ pending: 1 });
  });

  it('stops taking events, gives up in time and tells what is lost', async () => {
    const { client, environment, errors, kinds } = setUp([silence], { batch: { maxEvents: 1 } });
    const tracked = [client.track({ type: 'custom' }), client.track({ type: 'custom' })];
    const closed = client.close({ timeoutMs: 2000 });
    expect(client.track({ type: 'custom' })).toBeNull();
    await environment.advance(2000);
    expect(await closed).toEqual({ unsent: 2 });
    expect(kinds()).toEqual(['closed', 'unsent']);
    expect(errors[1]).toMatchObject({ events: tracked.map((id) => ({ id })) });
    await environment.settle();
    expect(environment.pendingTimers).toBe(0);
  });
});
