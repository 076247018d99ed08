import type { AnalyticsWindows, RealtimeMetrics, ServiceName } from '@streamflow/contracts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { countUntil, signIn } from './api.ts';
import { idsOf, sendAgain, startLoad } from './load.ts';
import { freePorts, type ServerProcess, startServer, temporaryDirectory, wait } from './server-process.ts';
import { createSharedEngines, describeWithServers, type SharedEngines } from './shared-engines.ts';

/* Three analytics workers, of which one dies under load, and two dashboards that see all of them. */

await describeWithServers('live metrics of workers apart', () => {
  const running: ServerProcess[] = [];
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let engines: SharedEngines;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    engines = await createSharedEngines();
  });
  afterAll(async () => {
    await Promise.all(running.map((server) => server.stop()));
    await engines.remove();
    await directory.remove();
  }, 60_000);

  async function start(...services: ServiceName[]): Promise<ServerProcess> {
    const options = { dataDirectory: directory.path, ports: await freePorts(), env: engines.env, services };
    const server = await startServer(options);
    running.push(server);
    return server;
  }

  it('count each event once on every dashboard, within a minute of the death of a worker', async () => {
    const [front, worker, dying] = await Promise.all([
      start('ingestion', 'storage', 'dashboard'),
      start('analytics', 'dashboard'),
      start('analytics'),
      start('analytics'),
    ]);
    const token = await signIn(front);
    const authorization = `Bearer ${token}`;
    const realtime = async (server: ServerProcess): Promise<RealtimeMetrics['metrics']> => {
      const answer = await fetch(server.url('dashboard', '/metrics/realtime?window=10m'), {
        headers: { authorization },
      });
      const body: RealtimeMetrics = await answer.json();
      return body.metrics;
    };
    const load = startLoad(front, token);
    await wait(2500);
    await dying.kill9();
    await wait(1500);
    await load.end();
    await sendAgain(front, token, load.ledger);
    const accepted = idsOf(load.ledger.answered).length;
    const total = await countUntil(front, token, accepted);
    expect(total).toBe(accepted);
    expect(accepted).toBeGreaterThan(100);
    for (const server of [front, worker])
      await expect.poll(async () => (await realtime(server)).events_total, { timeout: 60_000 }).toBe(total);
    const windows = await fetch(worker.url('analytics', '/analytics/windows'), {
      headers: { authorization },
    });
    const { data }: { data: AnalyticsWindows } = await windows.json();
    expect(data.workers.length).toBeGreaterThanOrEqual(2);
    expect(data.windows.reduce((sum, { events_total }) => sum + events_total, 0)).toBe(total);
  }, 150_000);
});
