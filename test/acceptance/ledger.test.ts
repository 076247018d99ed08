import type { LedgerReport } from '@streamflow/contracts';
import { afterEach, describe, expect, it } from 'vitest';
import { signIn, storedIds } from './api.ts';
import { idsOf, repeatingEvents, sendAgain, startLoad } from './load.ts';
import type { ServerProcess } from './server-process.ts';
import { freePorts, runCommand, startServer, temporaryDirectory, wait } from './server-process.ts';

let server: ServerProcess | null = null;
let directory: Awaited<ReturnType<typeof temporaryDirectory>> | null = null;
afterEach(async () => {
  await server?.kill9();
  await directory?.remove();
}, 60_000);

async function verify(
  path: string,
): Promise<{ readonly code: number | null; readonly report: LedgerReport }> {
  const { code, output, notes } = await runCommand(['verify', '--to', 'now', '--all', '--json'], {
    dataDirectory: path,
  });
  if (output === '') throw new Error(`verify said nothing but: ${notes}`);
  return { code, report: JSON.parse(output) };
}

describe('streamflow verify', () => {
  it('accounts for every event through kills in the middle of a load that sends events again', async () => {
    directory = await temporaryDirectory();
    const options = { dataDirectory: directory.path, ports: await freePorts() };
    server = await startServer(options);
    const token = await signIn(server);
    const makeEvent = repeatingEvents();
    const answered: string[] = [];
    let unanswered = 0;
    for (let crash = 0; crash < 3; crash++) {
      const load = startLoad(server, token, makeEvent);
      await wait(600 + 700 * crash);
      await server.kill9();
      await load.end();
      unanswered += idsOf(load.ledger.unanswered).length;
      server = await startServer(options);
      await sendAgain(server, token, load.ledger);
      expect(load.ledger).toMatchObject({ unanswered: [], refused: [] });
      answered.push(...idsOf(load.ledger.answered));
    }

    const beside = await verify(directory.path);
    expect(beside).toMatchObject({ code: 0, report: { verdict: 'holds', repeated_ids: { count: 0 } } });
    const { totals, processes } = beside.report;
    const stored = await storedIds(server, token);
    const distinct = new Set(answered);
    expect(totals.stored).toBe(stored.size);
    expect(stored.size).toBe(distinct.size);
    expect([...stored.values()].filter((times) => times !== 1)).toEqual([]);
    expect(totals.duplicates).toBeGreaterThan(0);
    expect(totals).toMatchObject({ dead: 0, set_aside: 0, dropped: 0 });
    // What the clients know themselves: each line that was answered is somewhere, and none that was never sent.
    const found = totals.stored + totals.duplicates;
    expect(found).toBeGreaterThanOrEqual(answered.length);
    expect(found).toBeLessThanOrEqual(answered.length + unanswered);
    expect(processes.map(({ state }) => state).toSorted()).toEqual([
      'crashed',
      'crashed',
      'crashed',
      'running',
    ]);

    expect(await server.stop()).toBe(0);
    const without = await verify(directory.path);
    expect(without).toMatchObject({ code: 0, report: { verdict: 'holds', totals } });
  }, 240_000);
});
