import { afterEach, describe, expect, it } from 'vitest';
import { countUntil, signIn, storedIds } from './api.ts';
import { idsOf, startLoad } from './load.ts';
import type { ServerProcess } from './server-process.ts';
import { freePorts, spawnServer, startServer, temporaryDirectory, wait } from './server-process.ts';

const running: ServerProcess[] = [];
const directories: Awaited<ReturnType<typeof temporaryDirectory>>[] = [];
afterEach(async () => {
  for (const server of running.splice(0)) await server.kill9();
  for (const directory of directories.splice(0)) await directory.remove();
}, 60_000);

async function newDirectory(): Promise<string> {
  const directory = await temporaryDirectory();
  directories.push(directory);
  return directory.path;
}

describe('SIGTERM under load', () => {
  it('ends with 0 and loses nothing that was acknowledged', async () => {
    const options = { dataDirectory: await newDirectory(), ports: await freePorts() };
    const first = await startServer(options);
    running.push(first);
    const token = await signIn(first);
    const load = startLoad(first, token);
    await Promise.all([load.answered(60), wait(1500)]);
    const code = await first.stop();
    await load.end();
    expect({ code, output: code === 0 ? '' : first.output() }).toEqual({ code: 0, output: '' });
    expect(load.ledger.refused).toEqual([]);
    expect(load.ledger.answered.length).toBeGreaterThan(50);

    const second = await startServer(options);
    running.push(second);
    const ids = idsOf(load.ledger.answered);
    expect(await countUntil(second, token, ids.length)).toBeGreaterThanOrEqual(ids.length);
    const stored = await storedIds(second, token);
    expect(ids.filter((id) => stored.get(id) !== 1)).toEqual([]);
    expect([...stored.values()].filter((times) => times > 1)).toEqual([]);
  }, 90_000);
});

describe('a second process on the same data directory', () => {
  it('is refused and says why, and the first goes on', async () => {
    const dataDirectory = await newDirectory();
    const first = await startServer({ dataDirectory, ports: await freePorts() });
    running.push(first);
    const second = spawnServer({ dataDirectory, ports: await freePorts() });
    running.push(second);
    const code = await second.exited;
    expect(code).not.toBe(0);
    expect(code).not.toBeNull();
    expect(second.output()).toContain(dataDirectory);
    expect(second.output()).toContain(String(first.pid));
    expect((await fetch(first.url('ingestion', '/ready'))).status).toBe(200);
  }, 90_000);
});
