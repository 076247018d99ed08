import type { Event } from '@streamflow/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { count, countUntil, post, read, signIn } from './api.ts';
import type { ServerProcess } from './server-process.ts';
import { freePorts, startServer, temporaryDirectory } from './server-process.ts';

let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
let server: ServerProcess;
let token: string;

beforeAll(async () => {
  directory = await temporaryDirectory();
  server = await startServer({ dataDirectory: directory.path, ports: await freePorts() });
  token = await signIn(server);
}, 90_000);
afterAll(async () => {
  await server?.stop();
  await directory.remove();
}, 60_000);

describe('events that were sent', () => {
  const data = { page: '/dashboard', 'id.orig_h': null, empty: {}, list: [], big: 1e300, text: 'é😀 \\ "' };

  it('are found by id right after the answer', async () => {
    const answer = await post(server, token, '/events', {
      type: 'web.click',
      source: 'website',
      data,
      user_id: 'user123',
      tags: ['frontend'],
    });
    expect(answer.status).toBe(201);
    const created: { success: boolean; message: string; data: { event_id: string } } = await answer.json();
    expect(created).toMatchObject({ success: true, message: 'Event created successfully' });

    const found = await fetch(server.url('ingestion', `/events/${created.data.event_id}`), {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(found.status).toBe(200);
    const { data: event }: { data: Event } = await found.json();
    expect(event).toMatchObject({
      id: created.data.event_id,
      type: 'web.click',
      source: 'website',
      severity: 'medium',
      user_id: 'user123',
      session_id: null,
      tags: ['frontend'],
      metadata: {},
    });
    expect(event.data).toEqual(data);
  });

  it('are listed, page by page, and counted by type', async () => {
    const events = Array.from({ length: 250 }, (_, n) => ({
      type: n % 5 === 0 ? 'error' : 'api.request',
      source: 'api-gateway',
      timestamp: new Date(Date.UTC(2023, 11, 1) + n * 1000).toISOString(),
      data: { n },
    }));
    const answer = await post(server, token, '/events/batch', { events });
    expect(answer.status).toBe(201);
    expect((await answer.json()).message).toBe('Batch of 250 events created successfully');
    expect(await countUntil(server, token, 251)).toBe(251);

    const day = '&start=2023-12-01T00:00:00Z&end=2023-12-02T00:00:00Z';
    expect(await count(server, token, `&group_by=type${day}`)).toEqual({
      aggregations: { 'api.request': 200, error: 50 },
      total: 250,
      period: { start: '2023-12-01T00:00:00.000Z', end: '2023-12-02T00:00:00.000Z' },
    });

    const seen: unknown[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: Response = await read(
        server,
        token,
        `/events?limit=100&order=asc${day}${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      expect(page.status).toBe(200);
      const body: {
        data: Event[];
        pagination: { total: number; pages: number; next_cursor: string | null };
      } = await page.json();
      expect(body.pagination).toMatchObject({ total: 250, pages: 3, page_size: 100 });
      seen.push(...body.data.map((event) => event.data.n));
      cursor = body.pagination.next_cursor;
    }
    expect(seen).toEqual(events.map((_, n) => n));
  });

  it('need a token', async () => {
    expect((await fetch(server.url('storage', '/events'))).status).toBe(401);
    expect((await post(server, 'wrong', '/events', {})).status).toBe(401);
  });
});

describe('every service', () => {
  it.each(['ingestion', 'analytics', 'alerting', 'dashboard', 'storage'] as const)(
    '%s is healthy',
    async (service) => {
      const answer = await fetch(server.url(service, '/health'));
      expect(await answer.json()).toMatchObject({
        status: 'healthy',
        service,
        checks: { database: { status: 'healthy' }, message_broker: { status: 'healthy' } },
      });
    },
  );
});
