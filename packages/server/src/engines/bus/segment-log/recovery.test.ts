import { appendFile, copyFile, mkdir, open, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { batchNamed, eventually, names, Probe, publishNamed } from '../bus-probe.contract.ts';
import type { Bus } from '../port.ts';
import { BusDirectory } from './bus-directory.fixture.ts';

const ackNow = { answer: (delivery: { ack(): void }) => delivery.ack() };
const small = { segmentBytes: 4096 };

describe('what a crash or a disk did to the log', () => {
  let directory: BusDirectory;
  const open_: Bus[] = [];
  const openBus = async (options = {}): Promise<Bus> => {
    const bus = await directory.open(options);
    open_.push(bus);
    return bus;
  };
  beforeEach(async () => {
    directory = await BusDirectory.make();
  });
  afterEach(async () => {
    for (const bus of open_.splice(0)) await bus.close();
    await directory.remove();
  });

  const write = async (list: readonly string[], options = {}): Promise<void> => {
    const bus = await directory.open(options);
    await publishNamed(bus, list);
    await bus.close();
  };
  const last = async (): Promise<string> => {
    const path = (await directory.segments()).at(-1);
    if (path === undefined) throw new Error('There is no segment');
    return path;
  };
  const flip = async (path: string, position: number): Promise<void> => {
    const handle = await open(path, 'r+');
    const byte = Buffer.alloc(1);
    await handle.read(byte, 0, 1, position);
    byte.writeUInt8(byte.readUInt8() ^ 0x55);
    await handle.write(byte, 0, 1, position);
    await handle.close();
  };
  const drained = async (bus: Bus, count: number): Promise<string[]> => {
    const probe = await Probe.on(bus, 'events.storage', ackNow);
    await probe.until(count);
    await publishNamed(bus, ['last']);
    await eventually(() => probe.names.at(-1) === 'last', 'the end');
    return probe.names.slice(0, -1);
  };

  test('a torn tail is cut at the last whole record, with a warning, and the log goes on behind it', async () => {
    await write(names('whole', 5));
    const path = await last();
    const whole = await stat(path);
    await truncate(path, whole.size - 7);
    const bus = await openBus();
    expect((await stat(path)).size).toBe(32 + ((whole.size - 32) * 4) / 5);
    expect(directory.logged('warning')).toEqual(['A torn tail of the log was cut at the last whole record']);
    expect(await drained(bus, 4)).toEqual(names('whole', 4));
    expect(directory.logged('critical')).toEqual([]);
  });

  test('bytes of no record behind the last one are cut as well', async () => {
    await write(names('whole', 3));
    await appendFile(await last(), Buffer.from('half a record that a crash left'));
    const bus = await openBus();
    expect(directory.logged('warning')).toHaveLength(1);
    expect(await drained(bus, 3)).toEqual(names('whole', 3));
  });

  test('space that was set aside is no damage', async () => {
    const crashed = await directory.open();
    await publishNamed(crashed, names('whole', 3));
    const path = await last();
    await copyFile(path, `${path}.left`);
    await crashed.close();
    await copyFile(`${path}.left`, path);
    expect((await stat(path)).size).toBeGreaterThan(1024 * 1024);
    const bus = await openBus();
    expect(await drained(bus, 3)).toEqual(names('whole', 3));
    expect(directory.lines).toEqual([]);
  });

  test.each([
    ['body', 20 + 60],
    ['length', 16],
    ['checksum', 0],
  ])(
    'a record with a broken %s is moved aside loudly, and those around it are delivered',
    async (_, byte) => {
      await write(names('around', 20));
      const path = await last();
      const record = ((await stat(path)).size - 32) / 20;
      // Names of two digits make the later records a little longer; the third record is one of the short ones.
      const short = 20 + '[1,"default","custom",1,0]'.length + batchNamed('around-2').body.length;
      expect(Math.abs(record - short)).toBeLessThan(2);
      await flip(path, 32 + 2 * short + byte);
      const bus = await openBus();
      expect(await drained(bus, 19)).toEqual(names('around', 20).filter((name) => name !== 'around-2'));
      expect(directory.logged('critical')).toEqual([
        'A damaged stretch of the log was moved aside',
        'Batches were lost to damage of the log',
      ]);
      expect(await directory.quarantined()).toEqual([`${2 * short}-${short}.damaged`]);
      expect((await bus.depth('events.storage')).batches).toBe(0);
    },
  );

  test('damage in an older segment costs what it hit and nothing else', async () => {
    await write(names('old', 60), small);
    const [first] = await directory.segments();
    await flip(first ?? '', 200);
    const bus = await openBus(small);
    expect(await drained(bus, 59)).toEqual(names('old', 60).slice(1));
    expect(directory.logged('critical')).toContain('A damaged stretch of the log was moved aside');
  });

  test('a segment without a readable header is moved aside, and the rest is delivered', async () => {
    await write(names('seg', 60), small);
    const [first, second] = await directory.segments();
    await flip(second ?? '', 3);
    const bus = await openBus(small);
    const probe = await Probe.on(bus, 'events.storage', ackNow);
    await eventually(() => probe.names.at(-1) === 'seg-59', 'the end');
    expect(probe.names[0]).toBe('seg-0');
    expect(probe.names.length).toBeLessThan(60);
    expect(directory.logged('critical')).toEqual(
      expect.arrayContaining([
        'A segment without a readable header was moved aside',
        'Part of the log is missing',
      ]),
    );
    expect(await directory.quarantined()).toHaveLength(1);
    expect(first).toBeDefined();
  });

  test('a segment that was made and not written when the machine stopped is removed', async () => {
    await write(names('before', 3));
    await writeFile(join(directory.path, 'segments', '00000000000000009999.log'), Buffer.alloc(32));
    const bus = await openBus();
    expect(directory.logged('warning')).toEqual(['An empty segment was removed']);
    expect(await drained(bus, 3)).toEqual(names('before', 3));
  });

  test('a position that cannot be read costs redeliveries and nothing else', async () => {
    const first = await directory.open();
    await publishNamed(first, names('again', 5));
    const probe = await (await Probe.on(first, 'events.storage')).until(5);
    for (const delivery of probe.deliveries) delivery.ack();
    await first.close();
    await writeFile(join(directory.path, 'offsets', 'events.storage'), 'torn');
    const bus = await openBus();
    const after = await (await Probe.on(bus, 'events.storage')).until(5);
    expect(after.names).toEqual(names('again', 5));
    expect(after.deliveries.every((delivery) => delivery.redelivered)).toBe(true);
    expect(directory.logged('warning')).toHaveLength(1);
  });

  test('ids are never given twice, even when the segments are gone', async () => {
    const first = await directory.open();
    await publishNamed(first, names('gone', 5));
    const probe = await (await Probe.on(first, 'events.storage', ackNow)).until(5);
    await first.close();
    await rm(join(directory.path, 'segments'), { recursive: true });
    await mkdir(join(directory.path, 'segments'));
    const bus = await openBus();
    await publishNamed(bus, ['new']);
    const after = await (await Probe.on(bus, 'events.storage')).until(1);
    expect(after.names).toEqual(['new']);
    expect(probe.deliveries.map((delivery) => delivery.id)).not.toContain(after.at(0).id);
  });

  test('only what nobody can have seen is new after an orderly close; after a crash nothing is', async () => {
    const first = await directory.open();
    await publishNamed(first, names('seen', 6));
    await (await Probe.on(first, 'events.storage', { prefetchCount: 2 })).until(2);
    await first.close();
    const second = await directory.open();
    const probe = await (await Probe.on(second, 'events.storage', { prefetchCount: 3 })).until(3);
    expect(probe.deliveries.map((delivery) => delivery.redelivered)).toEqual([true, true, false]);
    // Not closed: its files are what a crash would leave.
    const third = await openBus();
    const after = await (await Probe.on(third, 'events.storage')).until(6);
    expect(after.deliveries.every((delivery) => delivery.redelivered)).toBe(true);
    await publishNamed(third, ['new']);
    await after.until(7);
    expect(after.at(6).redelivered).toBe(false);
    await third.close();
    await second.close();
  });

  test('segments are given back behind storage, and a queue that nobody consumes holds none', async () => {
    const bus = await openBus(small);
    const probe = await Probe.on(bus, 'events.storage', ackNow);
    await publishNamed(bus, names('many', 200));
    await probe.until(200);
    await eventually(async () => (await directory.segments()).length === 1, 'one segment');
    expect(await directory.segmentBytes()).toBeLessThanOrEqual(small.segmentBytes + 300);
  });
});
