import { afterEach, describe, expect, it } from 'vitest';
import { startIngestion, turns } from './ingestion.fixture.ts';

const open: { close(): Promise<void> }[] = [];
const begin = async (options: Parameters<typeof startIngestion>[0] = {}) => {
  const ingestion = await startIngestion(options);
  open.push(ingestion);
  return ingestion;
};
afterEach(async () => {
  for (const { close } of open.splice(0)) await close();
});

const click = { type: 'web.click', source: 'website', data: { page: '/dashboard' } };
const id = (n: number): string => `550e8400-e29b-41d4-a716-${String(n).padStart(12, '0')}`;

describe('a key for some event types', () => {
  const headers = { authorization: 'Bearer clicks' };
  const error = { type: 'error', source: 'website' };

  it('sends those and no others, alone and in batches', async () => {
    const { bus, post } = await begin();
    expect((await post('/events', click, headers)).status).toBe(201);
    const refused = await post('/events', error, headers);
    expect([refused.status, refused.body.details.field, refused.body.details.allowed_values]).toEqual([
      422,
      'type',
      ['web.click'],
    ]);
    expect((await post('/events/batch', { events: [click, error] }, headers)).status).toBe(422);
    const partial = await post('/events/batch?partial=true', { events: [click, error] }, headers);
    expect(partial.body.data).toMatchObject({ accepted: 1, rejected: 1 });
    expect(bus.events().map(({ type }) => type)).toEqual(['web.click', 'web.click']);
  });
});

describe('POST /events', () => {
  it('answers as documented once the event is durable', async () => {
    const { bus, post, counts } = await begin();
    bus.hold = true;
    let isAnswered = false;
    const answer = post('/events', click).finally(() => {
      isAnswered = true;
    });
    while (bus.published.length === 0) await turns();
    await turns();
    expect(isAnswered).toBe(false);
    expect(counts).toEqual({});
    bus.answer();
    const { status, headers, body } = await answer;
    expect(status).toBe(201);
    expect(headers['content-type']).toMatch(/^application\/json/);
    expect(body).toEqual({
      success: true,
      message: 'Event created successfully',
      data: { event_id: bus.events()[0]?.id },
      timestamp: '2023-12-01T12:00:00.000Z',
    });
    expect(bus.published[0]?.headers).toEqual({
      schema: 1,
      project: 'default',
      type: 'web.click',
      count: 1,
      client_ids: false,
    });
    expect(counts).toEqual({ 'accepted web.click': 1 });
  });

  it('takes the project from the caller, and the id from the event', async () => {
    const { bus, post } = await begin();
    const { body } = await post(
      '/events',
      { ...click, id: id(1).toUpperCase() },
      { authorization: 'Bearer other' },
    );
    expect(body.data.event_id).toBe(id(1));
    expect(bus.published[0]?.headers).toMatchObject({ project: 'other', client_ids: true });
    expect(bus.events()[0]).toMatchObject({ id: id(1), project: 'other' });
  });

  it('answers 503 with Retry-After when the publish is rejected', async () => {
    const { bus, post, counts } = await begin();
    bus.rejects.add('web.click');
    const { status, headers, body } = await post('/events', click);
    expect(status).toBe(503);
    expect(headers['retry-after']).toBe('2');
    expect(body).toMatchObject({ error: 'ServiceUnavailable', message: 'The bus is full' });
    expect(counts).toEqual({ 'refused unavailable': 1 });
  });

  it('answers 400 for what is not JSON, 422 for what is not acceptable, and publishes neither', async () => {
    const { bus, post, counts } = await begin();
    for (const text of ['{', '', '{"type":"custom"']) expect((await post('/events', text)).status).toBe(400);
    const wrongType = await post('/events', { ...click, type: 'web.clack' });
    expect(wrongType.status).toBe(422);
    expect(wrongType.body).toMatchObject({
      error: 'ValidationError',
      message: 'Invalid event type provided',
      details: { field: 'type', allowed_values: expect.arrayContaining(['web.click']) },
    });
    for (const [text, field] of [
      ['{"type":"custom","source":"s","data":{"__proto__":{"admin":true}}}', 'data.__proto__'],
      ['{"type":"custom","source":"s","data":{"n":9007199254740993}}', 'data.n'],
      ['{"type":"custom","source":"s","extra":1}', 'extra'],
      ['[]', ''],
    ] as const) {
      const { status, body } = await post('/events', text);
      expect([status, body.details.field]).toEqual([422, field]);
    }
    expect(bus.published).toEqual([]);
    expect(counts).toEqual({ 'refused malformed': 3, 'refused invalid': 5 });
  });

  it('corrects the clock of a sender that says X-Sent-At', async () => {
    const { bus, post } = await begin();
    await post(
      '/events',
      { ...click, timestamp: '2023-12-01T10:59:58.000Z' },
      { 'x-sent-at': '2023-12-01T11:00:00Z' },
    );
    expect(bus.events()[0]).toMatchObject({
      timestamp: '2023-12-01T11:59:58.000Z',
      metadata: { original_timestamp: '2023-12-01T10:59:58.000Z' },
    });
    expect((await post('/events', click, { 'x-sent-at': 'noon' })).body.details.field).toBe('X-Sent-At');
  });
});

describe('POST /events/batch', () => {
  it('answers as documented, ids in the order of the request', async () => {
    const { bus, post } = await begin();
    const events = [
      { ...click, id: id(1) },
      { type: 'api.request', source: 'api', id: id(2) },
    ];
    const { status, body } = await post('/events/batch', { events });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      success: true,
      message: 'Batch of 2 events created successfully',
      data: { event_ids: [id(1), id(2)], accepted: 2, rejected: 0 },
    });
    expect(bus.published.map(({ headers }) => [headers.type, headers.count])).toEqual([
      ['web.click', 1],
      ['api.request', 1],
    ]);
  });

  it('refuses all when one is bad, and names every bad index', async () => {
    const { bus, post } = await begin();
    const { status, body } = await post('/events/batch', { events: [{}, click, { ...click, tags: 1 }] });
    expect(status).toBe(422);
    expect(body.details.issues.map((issue: { index: number }) => issue.index)).toEqual([0, 0, 2]);
    expect(bus.published).toEqual([]);
  });

  it('accepts the good ones with partial=true', async () => {
    const { bus, post, counts } = await begin();
    const { status, body } = await post('/events/batch?partial=true', {
      events: [
        { ...click, id: id(1) },
        { ...click, source: '' },
      ],
    });
    expect(status).toBe(201);
    expect(body.data).toEqual({
      event_ids: [id(1), null],
      accepted: 1,
      rejected: 1,
      errors: [{ index: 1, field: 'source', message: 'source must be text of 1 to 256 characters' }],
    });
    expect(bus.events()).toHaveLength(1);
    expect(counts).toEqual({ 'accepted web.click': 1, 'refused invalid': 1 });
    expect((await post('/events/batch?partial=true', { events: [1] })).status).toBe(422);
  });

  it('answers 503 when some of its messages are durable and some are not', async () => {
    const { bus, post, counts } = await begin();
    bus.rejects.add('error');
    const { status } = await post('/events/batch', { events: [click, { type: 'error', source: 's' }] });
    expect(status).toBe(503);
    expect(counts).toEqual({ 'accepted web.click': 1, 'refused unavailable': 1 });
  });

  it('takes text/plain with the key in the query string, as sendBeacon sends it', async () => {
    const { post } = await begin();
    const { status } = await post(
      '/events/batch?api_key=writer',
      { events: [click] },
      { 'content-type': 'text/plain;charset=UTF-8' },
    );
    expect(status).toBe(201);
  });

  it('corrects the clock of a sender that says sent_at', async () => {
    const { bus, post } = await begin();
    const timestamp = '2023-12-01T10:59:58.000Z';
    await post('/events/batch', { events: [{ ...click, timestamp }], sent_at: '2023-12-01T11:00:00.000Z' });
    expect(bus.events()[0]?.timestamp).toBe('2023-12-01T11:59:58.000Z');
  });

  it('names fields that a batch does not have', async () => {
    const { post } = await begin();
    const { status, body } = await post('/events/batch', { events: [click], mode: 'x', 'a.b': 1 });
    expect(status).toBe(422);
    expect(body.details.issues.map((issue: { field: string }) => issue.field)).toEqual(['mode', '"a.b"']);
    expect((await post('/events/batch', [click])).status).toBe(422);
  });
});

describe('GET /events/{id}', () => {
  it('waits up to a second for an event that was accepted just now', async () => {
    const { post, get, store, timers, reads } = await begin();
    await post('/events', { ...click, id: id(7) });
    const answer = get(`/events/${id(7).toUpperCase()}`);
    while (reads.length === 0) await turns();
    await timers.advance(300);
    store();
    await timers.advance(700);
    const { status, body } = await answer;
    expect(status).toBe(200);
    expect(body).toMatchObject({
      success: true,
      message: 'Event retrieved successfully',
      data: { id: id(7), type: 'web.click', data: { page: '/dashboard' } },
    });
  });

  it('waits for an id of these seconds that another replica may have accepted, and then gives up', async () => {
    const { get, timers, reads } = await begin();
    const answer = get('/events/018c253f-fe00-77ff-bfff-ffffffffffff');
    while (reads.length === 0) await turns();
    await timers.advance(1000);
    expect((await answer).status).toBe(404);
    expect(reads.length).toBeGreaterThan(4);
    expect(timers.waiting()).toBe(0);
  });

  it('answers 404 at once for an id that nobody sent', async () => {
    const { get, reads } = await begin();
    const { status, body } = await get(`/events/${id(9)}`);
    expect([status, body.error]).toEqual([404, 'NotFound']);
    expect(reads).toHaveLength(1);
    expect((await get('/events/018c0000-0000-77ff-bfff-ffffffffffff')).status).toBe(404);
    expect(reads).toHaveLength(2);
    expect((await get('/events/7')).status).toBe(422);
  });

  it('does not find the event of another project', async () => {
    const { post, get, store } = await begin();
    await post('/events', { ...click, id: '018c0000-0000-77ff-bfff-ffffffffffff' });
    store('other');
    expect((await get('/events/018c0000-0000-77ff-bfff-fffffffffff0')).status).toBe(404);
  });
});

describe('the service', () => {
  it('finishes what is under way before it stops, and refuses what comes after', async () => {
    const { bus, post, service } = await begin();
    bus.hold = true;
    const answer = post('/events', click);
    while (bus.published.length === 0) await turns();
    let isStopped = false;
    const stopped = service.stop().then(() => {
      isStopped = true;
    });
    expect((await post('/events', click)).status).toBe(503);
    expect(isStopped).toBe(false);
    bus.answer();
    expect((await answer).status).toBe(201);
    await stopped;
  });

  it('reports its dependencies and its sockets', async () => {
    const { get } = await begin();
    expect((await get('/health')).body).toMatchObject({
      service: 'ingestion',
      checks: {
        database: { status: 'healthy' },
        message_broker: { status: 'healthy' },
        websocket_connections: 0,
      },
    });
  });
});
