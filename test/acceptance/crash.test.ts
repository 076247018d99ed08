import { afterEach, describe, expect, it } from 'vitest';
import { countUntil, signIn, storedIds } from './api.ts';
import { idsOf, sendAgain, startLoad } from './load.ts';
import type { ServerProcess, StartOptions } from './server-process.ts';
import { freePorts, startServer, temporaryDirectory, wait } from './server-process.ts';

let server: ServerProcess | null = null;
let directory: Awaited<ReturnType<typeof temporaryDirectory>> | null = null;

async function prepare(): Promise<StartOptions> {
  directory = await temporaryDirectory();
  return { dataDirectory: directory.path, ports: await freePorts() };
}
afterEach(async () => {
  await server?.kill9();
  await directory?.remove();
}, 60_000);

describe('kill -9 in the middle of a load', () => {
  it('loses no acknowledged event, and keeps each id once when the unanswered are sent again', async () => {
    const options = await prepare();
    server = await startServer(options);
    const token = await signIn(server);

    const load = startLoad(server, token);
    await Promise.all([load.answered(60), wait(2000)]);
    await server.kill9();
    await load.end();
    const { ledger } = load;
    expect(ledger.refused).toEqual([]);
    expect(ledger.answered.length).toBeGreaterThan(50);
    expect(ledger.unanswered.length).toBeGreaterThan(0);

    server = await startServer(options);
    await sendAgain(server, token, ledger);
    expect(ledger).toMatchObject({ unanswered: [], refused: [] });

    const ids = idsOf(ledger.answered);
    expect(await countUntil(server, token, ids.length)).toBe(ids.length);
    const stored = await storedIds(server, token);
    expect(ids.filter((id) => stored.get(id) !== 1)).toEqual([]);
    expect(stored.size).toBe(ids.length);
  }, 90_000);

  it('keeps everything through several crashes in a row', async () => {
    const options = await prepare();
    server = await startServer(options);
    const token = await signIn(server);
    const ids: string[] = [];
    for (let crash = 0; crash < 3; crash++) {
      const load = startLoad(server, token);
      await wait(400 + 200 * crash);
      await server.kill9();
      await load.end();
      server = await startServer(options);
      await sendAgain(server, token, load.ledger);
      expect(load.ledger).toMatchObject({ unanswered: [], refused: [] });
      ids.push(...idsOf(load.ledger.answered));
    }
    expect(await countUntil(server, token, ids.length)).toBe(ids.length);
    const stored = await storedIds(server, token);
    expect(ids.filter((id) => stored.get(id) !== 1)).toEqual([]);
  }, 90_000);
});
