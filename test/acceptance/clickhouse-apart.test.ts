import type { HistoricalMetrics, ServiceName } from '@streamflow/contracts';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  type ChdbServer,
  startChdbServer,
} from '../../packages/server/src/engines/event-store/clickhouse/chdb-server.fixture.ts';
import { count, countUntil, post, read, signIn, storedIds } from './api.ts';
import { idsOf, sendAgain, startLoad } from './load.ts';
import {
  freePorts,
  runCommand,
  type ServerProcess,
  startServer,
  temporaryDirectory,
  wait,
} from './server-process.ts';
import { createSharedEngines, describeWithServers, type SharedEngines } from './shared-engines.ts';

/* The services as processes of their own with their events in ClickHouse, which is a URL to them. */

await describeWithServers('the services apart, with ClickHouse', () => {
  const running: ServerProcess[] = [];
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let engines: SharedEngines;
  let clickhouse: ChdbServer;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    [engines, clickhouse] = await Promise.all([createSharedEngines(), startChdbServer()]);
  }, 60_000);
  afterAll(async () => {
    await Promise.all(running.map((server) => server.stop()));
    await clickhouse.close();
    await engines.remove();
    await directory.remove();
  }, 60_000);

  const environment = () => ({
    ...engines.env,
    CLICKHOUSE_URL: `http://${clickhouse.host}:${clickhouse.port}`,
  });

  async function start(...services: ServiceName[]): Promise<ServerProcess> {
    const options = { dataDirectory: directory.path, ports: await freePorts(), env: environment(), services };
    const server = await startServer(options);
    running.push(server);
    return server;
  }

  it('store each event once with two writers of which one dies, and answer as ever', async () => {
    const front = await start('ingestion', 'analytics', 'alerting', 'dashboard', 'storage');
    const other = await start('storage');
    const token = await signIn(front);
    const load = startLoad(front, token);
    await wait(2000);
    await other.kill9();
    await wait(1500);
    await load.end();
    await sendAgain(front, token, load.ledger);
    expect(load.ledger.refused).toEqual([]);
    expect(load.ledger.unanswered).toEqual([]);
    const ids = idsOf(load.ledger.answered);
    expect(ids.length).toBeGreaterThan(200);
    // What the dead writer had is delivered again once the broker knows of its death, and its turn is over.
    expect(await countUntil(front, token, ids.length, 60_000)).toBe(ids.length);
    const stored = await storedIds(front, token);
    expect(ids.filter((id) => stored.get(id) !== 1)).toEqual([]);

    const sent = {
      type: 'custom.clickhouse',
      source: 'test',
      user_id: 'u1',
      data: { n: 1.5, a: { b: null } },
    };
    const answer = await post(front, token, '/events', sent);
    expect(answer.status).toBe(201);
    await expect
      .poll(async () => (await count(front, token, '&type=custom.clickhouse')).total, { timeout: 10_000 })
      .toBe(1);
    const listed = await read(front, token, '/events?type=custom.clickhouse&data.n=1.5');
    expect(await listed.json()).toMatchObject({ data: [sent] });

    const from = new Date(Date.now() - 3_600_000).toISOString();
    const to = new Date(Date.now() + 3_600_000).toISOString();
    const historical = await fetch(
      front.url('dashboard', `/metrics/historical?start=${from}&end=${to}&interval=1h`),
      { headers: { authorization: `Bearer ${token}` } },
    );
    const { data }: { data: HistoricalMetrics[] } = await historical.json();
    expect(data.reduce((sum, point) => sum + (point.events_total ?? 0), 0)).toBe(
      (await count(front, token)).total,
    );

    const verified = await runCommand(['verify'], { dataDirectory: directory.path, env: environment() });
    expect(verified.output).not.toMatch(/not unique|does not hold/i);
    expect([0, 3]).toContain(verified.code);
  }, 120_000);
});
