import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { StreamFlow } from '@streamflow/client';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../domain/clock.ts';
import { silentLog } from '../domain/log.ts';
import {
  batchNamed,
  eventually,
  nameOf,
  names,
  Probe,
  publishNamed,
} from '../engines/bus/bus-probe.contract.ts';
import type { Bus } from '../engines/bus/port.ts';
import { openSegmentLogBus } from '../engines/bus/segment-log/open-segment-log-bus.ts';
import { startTestServer, type TestServer } from '../http/server.fixture.ts';
import { deadLetterRoutes } from '../services/storage/dead-letter-routes.ts';
import type { Connect } from './cli-connection.ts';
import { deadCommand } from './dead.ts';
import type { Terminal } from './terminal.ts';

let directory: string;
let bus: Bus;
let server: TestServer;
let storageUrl: string;
let clients: Record<'admin' | 'reader', StreamFlow>;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'streamflow-dead-'));
  bus = await openSegmentLogBus({ directory, clock: systemClock, log: silentLog });
  server = await startTestServer(
    deadLetterRoutes({ deadLetters: bus.deadLetters, clock: systemClock, log: silentLog }),
  );
  const { port } = await server.listen('127.0.0.1', 0);
  storageUrl = `http://127.0.0.1:${port}`;
  clients = {
    admin: new StreamFlow({ storageUrl, token: 'local' }),
    reader: new StreamFlow({ storageUrl, token: 'reader-token' }),
  };
});
afterEach(async () => {
  await server.close();
  await bus.close();
  await rm(directory, { recursive: true, force: true });
});

async function bury(list: readonly string[]): Promise<void> {
  const before = (await bus.depth('events.dead')).batches;
  await publishNamed(bus, list);
  const probe = await Probe.on(bus, 'events.storage', {
    answer: (delivery) => delivery.dead(`no \u001b[31m${nameOf(delivery.batch)}`),
  });
  await eventually(async () => (await bus.depth('events.dead')).batches === before + list.length, 'letters');
  await probe.close();
}

/** Runs a command as its words say. */
async function run(words: string[]): Promise<{ out: string[]; notes: string[] }> {
  const out: string[] = [];
  const notes: string[] = [];
  const terminal: Terminal = {
    stdin: new PassThrough(),
    print: async (line) => void out.push(line),
    note: (line) => void notes.push(line),
    screen: undefined,
    columns: undefined,
    interrupted: new AbortController().signal,
    fail: () => undefined,
  };
  const client = clients.admin;
  const connect: Connect = async () => ({
    client,
    request: (service, method, path, options = {}) => client.request(service, method, path, options),
    close: async () => {},
  });
  const silent = { writeErr: () => undefined, writeOut: () => undefined };
  const command = deadCommand(connect, terminal);
  for (const one of [command, ...command.commands]) one.exitOverride().configureOutput(silent);
  const program = new Command('streamflow').exitOverride().configureOutput(silent);
  await program.addCommand(command).parseAsync(words, { from: 'user' });
  return { out, notes };
}
const ids = async (): Promise<string[]> => (await clients.admin.deadLetters.list()).data.map(({ id }) => id);

describe('dead letters over the API', () => {
  it('are listed by pages in the documented shape', async () => {
    await bury(names('dead', 5));
    const { data, pagination } = await clients.reader.deadLetters.list({ page: 2, limit: 2 });
    expect(pagination).toEqual({ page: 2, page_size: 2, total: 5, pages: 3, has_next: true, has_prev: true });
    expect(data).toEqual([
      {
        id: expect.any(String),
        queue: 'events.storage',
        reason: 'no \u001b[31mdead-2',
        dead_at: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
        type: 'custom',
        events: 1,
        bytes: batchNamed('dead-2').body.length,
      },
      expect.objectContaining({ reason: 'no \u001b[31mdead-3' }),
    ]);
  });

  it('show their lines, and nothing of one that is not there', async () => {
    await bury(['shown']);
    const [id = ''] = await ids();
    const letter = await clients.reader.deadLetters.get(id);
    expect(letter.lines.map((line): unknown => JSON.parse(line))).toEqual([
      expect.objectContaining({ id: 'shown' }),
    ]);
    expect(letter.headers).toEqual(batchNamed('shown').headers);
    await expect(clients.reader.deadLetters.get('999')).rejects.toMatchObject({ code: 'NotFound' });
    await expect(clients.admin.deadLetters.replay('999')).rejects.toMatchObject({ code: 'NotFound' });
    await expect(clients.admin.deadLetters.drop('a b')).rejects.toMatchObject({ code: 'ValidationError' });
  });

  it('are replayed and dropped by administrators alone', async () => {
    await bury(['kept']);
    const [id = ''] = await ids();
    const denied = { code: 'PermissionDenied' };
    await expect(clients.reader.deadLetters.replay(id)).rejects.toMatchObject(denied);
    await expect(clients.reader.deadLetters.drop(id)).rejects.toMatchObject(denied);
    expect(await ids()).toEqual([id]);
  });
});

describe('streamflow dead', () => {
  it('lists as a table, harmless to a terminal, and as JSON', async () => {
    expect((await run(['dead', 'list'])).notes).toEqual(['No dead letters.']);
    await bury(names('listed', 2));
    const { out } = await run(['dead', 'list']);
    expect(out).toHaveLength(3);
    expect(out[0]).toMatch(/^ID +TIME +QUEUE +TYPE +EVENTS +REASON$/);
    expect(out[1]).toContain('no \\u001b[31mlisted-0');
    const [json = ''] = (await run(['dead', 'list', '--json'])).out;
    expect(JSON.parse(json)).toEqual((await clients.admin.deadLetters.list()).data);
  });

  it('shows the events of one, a line each', async () => {
    await bury(['shown']);
    const [id = ''] = await ids();
    const { out, notes } = await run(['dead', 'show', id]);
    expect(`${out.join('\n')}\n`).toBe(batchNamed('shown').body.toString());
    expect(notes[0]).toContain('events.storage: no \\u001b[31mshown');
  });

  it('replays those that are named, or all', async () => {
    await bury(names('again', 3));
    const [first = ''] = await ids();
    const probe = await Probe.on(bus, 'events.storage', { answer: (delivery) => delivery.ack() });
    expect((await run(['dead', 'replay', first])).out).toEqual([
      `Replayed ${first} (1 events, no \\u001b[31magain-0).`,
    ]);
    await probe.until(1);
    await expect(run(['dead', 'replay'])).rejects.toThrow('give ids, or --all');
    await expect(run(['dead', 'replay', first])).rejects.toMatchObject({ code: 'NotFound' });
    await run(['dead', 'replay', '--all']);
    await probe.until(3);
    expect(probe.names).toEqual(names('again', 3));
    expect(await ids()).toEqual([]);
  });

  it('drops those that are named', async () => {
    await bury(names('gone', 3));
    const [first = '', second = '', third] = await ids();
    const { out } = await run(['dead', 'drop', first, second, '--json']);
    expect(out.map((line): unknown => JSON.parse(line))).toEqual([
      expect.objectContaining({ id: first }),
      expect.objectContaining({ id: second }),
    ]);
    expect(await ids()).toEqual([third]);
  });
});
