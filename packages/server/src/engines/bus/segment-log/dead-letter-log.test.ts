import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually, names, Probe, publishNamed } from '../bus-probe.contract.ts';
import { deadLetters } from '../dead-letters.contract.ts';
import type { Bus } from '../port.ts';
import { BusDirectory } from './bus-directory.fixture.ts';

const segmentBytes = 8192;
let directory: BusDirectory;
let bus: Bus;

beforeEach(async () => {
  directory = await BusDirectory.make();
  bus = await directory.open({ segmentBytes });
});
afterEach(async () => {
  await bus.close();
  await directory.remove();
});

async function bury(list: readonly string[]): Promise<void> {
  const before = (await bus.depth('events.dead')).batches;
  await publishNamed(bus, list, 1000);
  const probe = await Probe.on(bus, 'events.storage', { answer: (delivery) => delivery.dead('no') });
  await eventually(async () => (await bus.depth('events.dead')).batches === before + list.length, 'letters');
  await probe.close();
}

async function bytesOnDisk(): Promise<number> {
  const path = join(directory.path, 'dead');
  let bytes = 0;
  for (const name of await readdir(path)) {
    if (name.endsWith('.log')) bytes += (await stat(join(path, name))).size;
  }
  return bytes;
}

test('a letter that stays does not keep the space of those that are dropped behind it', async () => {
  await bury(['stays']);
  const [kept] = await deadLetters(bus);
  for (let round = 0; round < 12; round++) {
    await bury(names(`round-${round}`, 8));
    for (const { id } of (await deadLetters(bus)).slice(1)) await bus.deadLetters.drop('default', id);
  }
  expect(await deadLetters(bus)).toEqual([kept]);
  await eventually(async () => (await bytesOnDisk()) < 6 * segmentBytes, 'the space is given back');
  await bus.close();
  bus = await directory.open({ segmentBytes });
  expect(await deadLetters(bus)).toEqual([kept]);
  const letter = await bus.deadLetters.get('default', kept?.id ?? '');
  expect(letter?.body.length).toBe(kept?.bytes);
  expect(await bus.deadLetters.drop('default', kept?.id ?? '')).toEqual(kept);
  expect((await bus.depth('events.dead')).batches).toBe(0);
});
