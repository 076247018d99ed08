import { defaultPorts } from '@streamflow/contracts';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../domain/log.ts';
import { createTestLive } from '../../domain/metrics/live-metrics.fixture.ts';
import { systemTimers } from '../../domain/timers.ts';
import type { TestServer } from '../../http/server.fixture.ts';
import { startTestServer } from '../../http/server.fixture.ts';
import { createDashboard } from './dashboard.ts';

const dashboard = createDashboard({
  bus: { ping: async () => {} },
  records: { ping: async () => {} },
  events: { history: async () => [], ping: async () => {} },
  live: createTestLive(0),
  clock: { now: () => 0 },
  timers: systemTimers,
  log: silentLog,
  metrics: { watchGauge() {} },
  version: '1.2.3',
  ports: { ...defaultPorts, storage: 9005 },
});
let server: TestServer | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

async function get(headers: Record<string, string>) {
  server = await startTestServer(dashboard.routes);
  return server.app.inject({ url: '/', headers });
}

describe('GET /', () => {
  it('answers a page to everybody, with links to the host that was asked', async () => {
    const answer = await get({ host: 'events.example.com:8004' });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8');
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
    expect(answer.body).toContain('href="http://events.example.com:9005/docs"');
  });

  it.each(['"><script>', 'a b', "x'y", '[::1'])('does not repeat the host %j', async (host) => {
    const answer = await get({ host });
    expect(answer.body).toContain('href="http://localhost:9005/docs"');
    expect(answer.body).not.toContain(host);
  });

  it('knows IPv6 addresses', async () => {
    expect((await get({ host: '[::1]:8004' })).body).toContain('href="http://[::1]:9005/docs"');
  });
});
