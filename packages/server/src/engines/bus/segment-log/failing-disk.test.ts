import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { batchNamed, eventually, names, Probe, publishNamed } from '../bus-probe.contract.ts';
import { BusDirectory } from './bus-directory.fixture.ts';
import { type OpenSegmentFile, openDiskFile } from './segment.ts';

const refused = { code: 'ServiceUnavailable' };

/** A disk whose writes, flushes, cuts and new files fail or hang as it is told. */
class Disk {
  failing: { write?: string; sync?: string; truncate?: string; open?: string } = {};
  /** While set, flushes wait for it. */
  stalled: Promise<void> | undefined;

  readonly open: OpenSegmentFile = async (path, mode) => {
    if (mode === 'create') this.fail('open');
    const file = await openDiskFile(path, mode);
    const write = async (bytes: Buffer, position: number): Promise<void> => {
      if (this.failing.write !== undefined) {
        // A full disk takes what still fits.
        await file.write(bytes.subarray(0, bytes.length >> 1), position);
        this.fail('write');
      }
      await file.write(bytes, position);
    };
    const sync = async (): Promise<void> => {
      await this.stalled;
      this.fail('sync');
      await file.sync();
    };
    return {
      write,
      sync,
      writeThrough: async (bytes, position) => {
        await write(bytes, position);
        await sync();
      },
      truncate: async (length) => {
        this.fail('truncate');
        await file.truncate(length);
      },
      close: () => file.close(),
    };
  };

  private fail(step: keyof Disk['failing']): void {
    const code = this.failing[step];
    if (code !== undefined) throw Object.assign(new Error(`${code}: ${step}`), { code });
  }
}

describe('a disk that fails', () => {
  let directory: BusDirectory;
  let disk: Disk;
  beforeEach(async () => {
    directory = await BusDirectory.make();
    disk = new Disk();
  });
  afterEach(() => directory.remove());

  /** What another process finds that opens the directory after this one. */
  const found = async (count: number): Promise<string[]> => {
    const bus = await directory.open();
    const probe = await (await Probe.on(bus, 'events.storage')).until(count);
    await publishNamed(bus, ['end']);
    await probe.until(count + 1);
    await bus.close();
    return probe.names;
  };

  test('when it is full the publish is refused, its part is cut, and it works again with room', async () => {
    const bus = await directory.open({ openFile: disk.open });
    await publishNamed(bus, names('before', 3));
    disk.failing = { write: 'ENOSPC' };
    const group = names('full', 5).map((each) => bus.publish([batchNamed(each)]));
    for (const result of await Promise.allSettled(group)) {
      expect(result).toMatchObject({ status: 'rejected', reason: refused });
    }
    await expect(bus.ping()).rejects.toMatchObject(refused);
    disk.failing = {};
    await bus.ping();
    await publishNamed(bus, names('after', 3));
    await bus.close();
    expect(await directory.segments()).toHaveLength(1);
    expect(await found(6)).toEqual([...names('before', 3), ...names('after', 3), 'end']);
    expect(directory.logged('critical')).toEqual([]);
  });

  test('a part that cannot be cut is left behind, and never read', async () => {
    const bus = await directory.open({ openFile: disk.open });
    await publishNamed(bus, names('before', 3));
    disk.failing = { write: 'EIO', truncate: 'EIO' };
    await expect(bus.publish([batchNamed('lost')])).rejects.toMatchObject(refused);
    disk.failing = {};
    await publishNamed(bus, names('after', 3));
    await bus.close();
    expect(await directory.segments()).toHaveLength(2);
    expect(await found(6)).toEqual([...names('before', 3), ...names('after', 3), 'end']);
    expect(directory.logged('critical')).toEqual([]);
  });

  test('after a failed flush the segment is not trusted: the next publish goes to a new one', async () => {
    const bus = await directory.open({ openFile: disk.open });
    await publishNamed(bus, names('before', 3));
    disk.failing = { sync: 'EIO' };
    await expect(bus.publish([batchNamed('lost')])).rejects.toMatchObject(refused);
    await expect(bus.ping()).rejects.toMatchObject(refused);
    disk.failing = {};
    await publishNamed(bus, names('after', 3));
    const probe = await (await Probe.on(bus, 'events.storage')).until(6);
    expect(probe.names).toEqual([...names('before', 3), ...names('after', 3)]);
    await bus.close();
    expect(await directory.segments()).toHaveLength(2);
    expect(await found(6)).toEqual([...names('before', 3), ...names('after', 3), 'end']);
    expect(directory.logged('critical')).toEqual([]);
  });

  test('flushes that fail on the first record of a segment leave no empty one behind', async () => {
    const bus = await directory.open({ openFile: disk.open });
    disk.failing = { sync: 'EIO' };
    for (const each of names('lost', 3)) {
      await expect(bus.publish([batchNamed(each)])).rejects.toMatchObject(refused);
    }
    disk.failing = {};
    await publishNamed(bus, ['kept']);
    await bus.close();
    expect(await directory.segments()).toHaveLength(1);
    expect(await found(1)).toEqual(['kept', 'end']);
  });

  test('a segment that cannot be made refuses the publish; the next one tries again', async () => {
    const bus = await directory.open({ openFile: disk.open, segmentBytes: 1024 });
    await publishNamed(bus, names('before', 3));
    disk.failing = { open: 'ENOSPC' };
    await expect(bus.publish([batchNamed('no-file', 900)])).rejects.toMatchObject(refused);
    disk.failing = {};
    await publishNamed(bus, ['after'], 900);
    await bus.close();
    expect(await found(4)).toEqual([...names('before', 3), 'after', 'end']);
  });

  test('a flush that hangs is answered at the publish timeout; what waited behind it is never written', async () => {
    const bus = await directory.open({ openFile: disk.open, publishTimeoutMs: 1000 });
    await publishNamed(bus, ['before']);
    let release = (): void => {};
    disk.stalled = new Promise((resolve) => {
      release = resolve;
    });
    const inFlight = bus.publish([batchNamed('in-flight')]);
    await vi.waitFor(async () => expect(await directory.segments()).toHaveLength(1));
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    const behind = bus.publish([batchNamed('behind')]);
    await expect(inFlight).rejects.toMatchObject(refused);
    await expect(behind).rejects.toMatchObject(refused);
    release();
    disk.stalled = undefined;
    await publishNamed(bus, ['after']);
    const probe = await (await Probe.on(bus, 'events.storage')).until(3);
    expect(probe.names).toEqual(['before', 'in-flight', 'after']);
    await bus.close();
  });

  test('more than may wait for the disk is refused at once', async () => {
    const bus = await directory.open({ openFile: disk.open, waitingBytes: 2000 });
    let release = (): void => {};
    disk.stalled = new Promise((resolve) => {
      release = resolve;
    });
    const waiting = bus.publish([batchNamed('waits', 1500)]);
    await expect(bus.publish([batchNamed('too-much', 1500)])).rejects.toMatchObject(refused);
    release();
    await waiting;
    await bus.close();
  });

  test('dead letters that find no room leave their batch in the queue', async () => {
    const bus = await directory.open({ deadLettersMaxBytes: 1000 });
    const probe = await Probe.on(bus, 'events.storage', { answer: (delivery) => delivery.dead('poison') });
    await publishNamed(bus, names('poison', 3), 600);
    await eventually(async () => (await bus.depth('events.dead')).batches === 1, 'the first');
    await eventually(() => probe.deliveries.some((delivery) => delivery.attempts > 0), 'another delivery');
    expect((await bus.depth('events.storage')).batches).toBe(2);
    expect(directory.logged('critical')).toContain('The dead letters are full and hold up their queue');
    await bus.close();
  });
});
