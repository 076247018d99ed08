import { randomUUID } from 'node:crypto';
import type { HistoricalMetrics, LedgerReport } from '@streamflow/contracts';
import { afterEach, describe, expect, it } from 'vitest';
import { post, read, signIn, storedIds } from './api.ts';
import type { ServerProcess } from './server-process.ts';
import { freePorts, runCommand, startServer, temporaryDirectory } from './server-process.ts';

let server: ServerProcess | null = null;
let directory: Awaited<ReturnType<typeof temporaryDirectory>> | null = null;
afterEach(async () => {
  await server?.kill9();
  await directory?.remove();
}, 60_000);

const dayMs = 86_400_000;

describe('retention', () => {
  it('removes old events for good, from every answer, and streamflow verify accounts for them', async () => {
    directory = await temporaryDirectory();
    const options = { dataDirectory: directory.path, ports: await freePorts() };
    server = await startServer(options);
    let token = await signIn(server);
    const eventOf = (type: string, days: number) => ({
      id: randomUUID(),
      type,
      source: 'test',
      timestamp: new Date(Date.now() - days * dayMs).toISOString(),
      user_id: `user of ${type}`,
      data: {},
    });
    const old = Array.from({ length: 30 }, (_, n) => eventOf('web.click', 20 + n));
    const errors = Array.from({ length: 5 }, (_, n) => eventOf('error', 20 + n));
    const young = Array.from({ length: 10 }, (_, n) => eventOf('web.click', n));
    const send = async (events: readonly object[]) => {
      if (server === null) throw new Error('No server');
      const answer = await post(server, token, '/events/batch', { events });
      expect(answer.status).toBe(201);
    };
    await send([...old, ...errors, ...young]);
    await expect.poll(async () => (await stored()).size, { timeout: 20_000 }).toBe(45);
    expect(await server.stop()).toBe(0);

    const env = { STORAGE_RETENTION_DAYS: '15', STORAGE_RETENTION_DAYS_BY_TYPE: 'error=90' };
    server = await startServer({ ...options, env });
    token = await signIn(server);
    await expect.poll(async () => (await stored()).size, { timeout: 30_000 }).toBe(15);
    expect([...(await stored()).keys()].toSorted()).toEqual(
      [...errors, ...young].map(({ id }) => id).toSorted(),
    );
    // An id of the horizon that comes again is a duplicate of the event that is gone.
    await send(old.slice(0, 3));
    await expect.poll(metrics, { timeout: 20_000 }).toMatch(/^streamflow_storage_duplicates_total 3$/m);
    expect((await stored()).size).toBe(15);
    const points = await history();
    expect(points).toHaveLength(15);
    expect(points.reduce((sum, { error_count = 0 }) => sum + error_count, 0)).toBe(5);
    expect(points.every(({ events_total, unique_users }) => events_total === 1 && unique_users === 1)).toBe(
      true,
    );
    const listed = await read(server, token, `/events/${old[0]?.id}`);
    expect(listed.status).toBe(404);
    expect(await metrics()).toMatch(/^streamflow_retention_removed_events_total 30$/m);
    const checked = await verify();
    expect(checked).toMatchObject({
      code: 0,
      report: { verdict: 'holds', totals: { accepted: 48, stored: 15, dropped: 30, duplicates: 3 } },
    });
    expect(await server.stop()).toBe(0);
    expect(await verify()).toMatchObject({ code: 0, report: { totals: checked.report.totals } });

    async function stored() {
      if (server === null) throw new Error('No server');
      return storedIds(server, token);
    }
    async function metrics() {
      return (await fetch(server?.url('storage', '/metrics') ?? '')).text();
    }
    async function history() {
      const start = new Date(Date.now() - 60 * dayMs).toISOString();
      const query = new URLSearchParams({ interval: '1d', start, end: new Date().toISOString() });
      const url = server?.url('dashboard', `/metrics/historical?${query}`) ?? '';
      const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
      expect(answer.status).toBe(200);
      const { data }: { data: readonly HistoricalMetrics[] } = await answer.json();
      return data.filter(({ events_total = 0 }) => events_total > 0);
    }
    async function verify(): Promise<{ readonly code: number | null; readonly report: LedgerReport }> {
      const words = ['verify', '--to', 'now', '--all', '--json'];
      const { code, output, notes } = await runCommand(words, { dataDirectory: directory?.path ?? '' });
      if (output === '') throw new Error(`verify said nothing but: ${notes}`);
      return { code, report: JSON.parse(output) };
    }
  }, 120_000);
});
