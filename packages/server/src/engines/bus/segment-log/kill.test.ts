import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nameOf } from '../bus-probe.contract.ts';
import { BusDirectory } from './bus-directory.fixture.ts';

// A process of its own needs JavaScript: what `npm run build` made of the bus.
const built = fileURLToPath(
  new URL('../../../../dist/engines/bus/segment-log/open-segment-log-bus.js', import.meta.url),
);

/** Publishes from many loops at once, and prints an id after its acknowledgement, until it is killed. */
const publisher = `
  import { openSegmentLogBus } from ${JSON.stringify(built)};
  const [, , directory, run] = process.argv;
  const log = { debug() {}, info() {}, warning() {}, error() {}, critical() {} };
  const bus = await openSegmentLogBus({ directory, clock: { now: Date.now }, log, segmentBytes: 256 * 1024 });
  const headers = { schema: 1, project: 'default', type: 'custom', count: 1, client_ids: true };
  let next = 0;
  const loop = async () => {
    for (;;) {
      const id = run + '-' + next++;
      const line = JSON.stringify({ id, data: { pad: 'x'.repeat(next % 700) } }) + '\\n';
      await bus.publish([{ headers, body: Buffer.from(line) }]);
      process.stdout.write(id + '\\n');
    }
  };
  for (let each = 0; each < 32; each++) loop();
`;

let directory: BusDirectory;
beforeEach(async () => {
  directory = await BusDirectory.make();
});
afterEach(() => directory.remove());

test('what was acknowledged before a kill -9 is there after it, time after time', async () => {
  const script = join(directory.path, 'publisher.mjs');
  await writeFile(script, publisher);
  const data = join(directory.path, 'data');
  const acknowledged = new Set<string>();
  for (const [run, wanted] of [700, 1500, 2500].entries()) {
    const child = spawn(process.execPath, [script, data, String(run)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = once(child, 'exit');
    let printed = 0;
    for await (const id of createInterface({ input: child.stdout })) {
      acknowledged.add(id);
      if (++printed === wanted) child.kill('SIGKILL');
    }
    expect(await exited).toEqual([null, 'SIGKILL']);
    expect(printed).toBeGreaterThanOrEqual(wanted);
  }
  const bus = await directory.open({ directory: data });
  const { batches } = await bus.depth('events.storage');
  const stored = new Set<string>();
  await new Promise<void>((done) => {
    void bus.consume('events.storage', {
      prefetchBytes: 1e9,
      prefetchCount: 1e6,
      onDelivery: (delivery) => {
        stored.add(nameOf(delivery.batch));
        if (stored.size === batches) done();
      },
    });
  });
  expect([...acknowledged].filter((id) => !stored.has(id))).toEqual([]);
  expect(directory.logged('critical')).toEqual([]);
  await bus.close();
}, 60_000);
