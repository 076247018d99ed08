import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../domain/log.ts';
import { createTestLive } from '../../domain/metrics/live-metrics.fixture.ts';
import { systemTimers } from '../../domain/timers.ts';
import type { TestServer } from '../../http/server.fixture.ts';
import { startTestServer, testService } from '../../http/server.fixture.ts';
import { createDashboard } from './dashboard.ts';
import type { SiteFile } from './site.ts';

const file = (text: string, more: Partial<SiteFile> = {}): SiteFile => ({
  type: 'text/html; charset=utf-8',
  entityTag: 'tag',
  immutable: false,
  plain: Buffer.from(text),
  br: null,
  gzip: null,
  ...more,
});
const built = new Map([
  ['/index.html', file('page', { br: Buffer.from('br'), gzip: Buffer.from('gz') })],
  ['/docs/guide.html', file('guide')],
  ['/docs/guide/concepts.html', file('concepts')],
  ['/assets/a-1.js', file('script', { type: 'text/javascript; charset=utf-8', immutable: true })],
]);

let server: TestServer | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

async function get(url: string, headers: Record<string, string> = {}, files = built) {
  const dashboard = createDashboard({
    bus: { ping: async () => {} },
    records: { ping: async () => {} },
    events: {
      history: async () => [],
      aggregate: async () => ({ aggregations: {}, total: 0, period: { start: null, end: null } }),
      list: async () => ({ events: [], total: 0, next: null }),
      ping: async () => {},
    },
    live: createTestLive(0),
    clock: { now: () => 0 },
    timers: systemTimers,
    log: silentLog,
    metrics: { watchGauge() {} },
    urlOf: () => 'http://127.0.0.1:1',
    files,
  });
  server = await startTestServer([], { service: testService({ ...dashboard, name: 'dashboard' }) });
  return server.app.inject({ url, headers });
}

describe('the pages', () => {
  it('come to everybody, under a policy that lets nothing inline run', async () => {
    const answer = await get('/');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.headers['cache-control']).toBe('no-cache');
    expect(answer.headers['content-security-policy']).toContain("script-src 'self';");
    expect(answer.headers['content-security-policy']).not.toContain('unsafe');
    expect(answer.body).toBe('page');
  });

  it('leave what the address says to the page', async () => {
    expect((await get('/?range=5m&f=type:a&f=type:b')).body).toBe('page');
  });

  it('come under every path that a person opens, and to nobody else', async () => {
    expect((await get('/explore?a=1', { accept: 'text/html,*/*' })).body).toBe('page');
    await server?.close();
    expect((await get('/explore', { accept: 'application/json' })).json()).toMatchObject({
      error: 'NotFound',
    });
    await server?.close();
    expect((await get('/assets/gone-2.js', { accept: 'text/html' })).statusCode).toBe(404);
  });

  it('of the guide have paths without an ending, and there is no other page in place of one that is missing', async () => {
    const bodies: string[] = [];
    for (const path of ['/docs/guide', '/docs/guide/', '/docs/guide/concepts?x=1']) {
      bodies.push((await get(path, { accept: 'text/html' })).body);
      await server?.close();
    }
    expect(bodies).toEqual(['guide', 'guide', 'concepts']);
    expect((await get('/docs/guide/gone', { accept: 'text/html' })).statusCode).toBe(404);
  });

  it('are sent as they were compressed, in the form that the client takes', async () => {
    const best = await get('/', { 'accept-encoding': 'gzip, deflate, br' });
    expect([best.headers['content-encoding'], best.body]).toEqual(['br', 'br']);
    await server?.close();
    const without = await get('/', { 'accept-encoding': 'gzip, br;q=0' });
    expect([without.headers['content-encoding'], without.body]).toEqual(['gzip', 'gz']);
  });

  it('are kept for ever where their name changes with them, and asked for again by tag elsewhere', async () => {
    expect((await get('/assets/a-1.js')).headers['cache-control']).toBe(
      'public, max-age=31536000, immutable',
    );
    await server?.close();
    const again = await get('/', { 'if-none-match': 'W/"x", "tag"' });
    expect([again.statusCode, again.body]).toEqual([304, '']);
  });

  it('say how to make them where nothing is built', async () => {
    const answer = await get('/', {}, new Map());
    expect(answer.statusCode).toBe(503);
    expect(answer.json().message).toContain('npm run build');
  });
});
