import { afterEach, describe, expect, it } from 'vitest';
import { createMetrics } from '../observability/metrics.ts';
import { type MonitoringServer, startMonitoring } from './monitoring-server.ts';
import { createTestLog } from './server.fixture.ts';

const open: MonitoringServer[] = [];
afterEach(() => Promise.all(open.splice(0).map((server) => server.close())));

const metrics = createMetrics({ processMetrics: false });
const start = async (port: number) => {
  const { log, lines } = createTestLog();
  const server = await startMonitoring({ host: '127.0.0.1', port, metrics, log });
  open.push(server);
  return { server, lines };
};

describe('startMonitoring', () => {
  it('shows the figures of the process', async () => {
    const { server } = await start(0);
    const answer = await fetch(`http://127.0.0.1:${server.port}/metrics`);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await answer.text()).toMatch(/^# TYPE streamflow_events_total counter$/m);
    expect((await fetch(`http://127.0.0.1:${server.port}/`)).status).toBe(404);
  });

  it('warns and goes on when the port is taken', async () => {
    const { server } = await start(0);
    const second = await start(server.port ?? 0);
    expect(second.server.port).toBeNull();
    expect(second.lines).toMatchObject([{ level: 'warning', fields: { error: { code: 'EADDRINUSE' } } }]);
  });
});
