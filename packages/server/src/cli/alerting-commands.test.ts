import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { StreamFlow } from '@streamflow/client';
import { Command } from 'commander';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { silentLog } from '../domain/log.ts';
import { systemTimers } from '../domain/timers.ts';
import type { HistoryPoint } from '../engines/event-store/port.ts';
import { startTestServer, type TestServer } from '../http/server.fixture.ts';
import type { Service } from '../http/service.ts';
import { openTestRecords, type TestRecords } from '../ledger/test-records.fixture.ts';
import { createTestLive, freeMetrics, project } from '../services/alerting/alerting.fixture.ts';
import { createAlerting } from '../services/alerting/alerting.ts';
import { createNotifiers } from '../services/alerting/create-notifiers.ts';
import { alertCommand } from './alert.ts';
import type { Connect } from './cli-connection.ts';
import { ruleCommand } from './rule.ts';
import { silenceCommand } from './silence.ts';
import type { Terminal } from './terminal.ts';

const clock = { now: () => Date.now() };
const second = () => Math.floor(Date.now() / 1000) * 1000;
const live = createTestLive();
Object.defineProperty(live, 'watermark', { get: second });

let records: TestRecords;
let service: Service;
let server: TestServer;
let directory: string;
let connect: Connect;
let history: HistoryPoint[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'streamflow-rules-'));
  records = await openTestRecords(clock);
  service = createAlerting({
    bus: {
      ping: async () => {},
      publishLive: () => {},
      subscribeLive: async () => ({ close: async () => {} }),
    },
    records: records.store,
    events: {
      history: async () => history,
      async *export() {},
      aggregate: () => Promise.reject(new Error('not asked')),
    },
    live,
    defined: freeMetrics,
    ruleFiles: [],
    maxTagValues: 100,
    notifiers: createNotifiers({
      allowPrivateTargets: false,
      allowedNetworks: [],
      mailServer: null,
      smsAccount: null,
      now: clock.now,
    }),
    secrets: ['a secret of the tests, of at least 32 bytes'],
    publicUrl: null,
    project,
    alone: true,
    clock,
    timers: systemTimers,
    random: Math.random,
    newId: randomUUID,
    metrics: { onFired: () => {}, onNotification: () => {}, onEvaluation: () => {} },
    log: silentLog,
  });
  server = await startTestServer([], { service, clock });
  const { port } = await server.listen('127.0.0.1', 0);
  await service.start();
  connect = async () => {
    const client = new StreamFlow({ alertingUrl: `http://127.0.0.1:${port}`, token: 'local' });
    return {
      client,
      request: (name, method, path, options = {}) => client.request(name, method, path, options),
      close: async () => {},
    };
  };
});
afterAll(async () => {
  await service.stop();
  await server.close();
  await records.close();
  await rm(directory, { recursive: true });
});

async function run(...words: string[]): Promise<string[]> {
  const out: string[] = [];
  const stdin = new PassThrough();
  stdin.end();
  const terminal: Terminal = {
    stdin,
    print: async (line) => void out.push(line),
    note: () => undefined,
    screen: undefined,
    columns: undefined,
    interrupted: new AbortController().signal,
    fail: () => undefined,
  };
  const silent = { writeErr: () => undefined, writeOut: () => undefined };
  const program = new Command('streamflow').exitOverride().configureOutput(silent);
  for (const command of [
    ruleCommand(connect, terminal, clock),
    alertCommand(connect, terminal),
    silenceCommand(connect, terminal, clock),
  ]) {
    for (const one of [command, ...command.commands]) one.exitOverride().configureOutput(silent);
    program.addCommand(command);
  }
  await program.parseAsync(words, { from: 'user' });
  return out;
}

it('keeps rules as a file says, and lists them', async () => {
  const file = join(directory, 'rules.yaml');
  await writeFile(
    file,
    'rules:\n  - name: Errors\n    condition: errors > 2\n    window: 1h\n  - { name: Calm, condition: events_total < 1, enabled: false }\n',
  );
  expect(await run('rule', 'apply', file)).toEqual(['Errors: created', 'Calm: created']);
  await writeFile(
    file,
    JSON.stringify([
      { name: 'Errors', condition: 'errors > 2', window: '1h' },
      { name: 'Calm', condition: 'events_total < 2', enabled: false },
    ]),
  );
  expect(await run('rule', 'apply', file)).toEqual(['Errors: unchanged', 'Calm: changed']);
  const list = await run('rule', 'list');
  expect(list).toHaveLength(3);
  expect(list.join('\n')).toMatch(/Calm +warning +no +events_total < 2/);
  await writeFile(file, 'name: Bad\ncondition: nothing > 2\n');
  await expect(run('rule', 'apply', file)).rejects.toThrow(/Unknown variable: nothing/);
  await writeFile(file, 'name: Bad\n');
  await expect(run('rule', 'apply', file)).rejects.toThrow(/condition is missing/);
  await expect(run('rule', 'apply', join(directory, 'none.yaml'))).rejects.toThrow(/cannot be read/);
});

it('says what a rule would have done', async () => {
  const file = join(directory, 'one.yaml');
  await writeFile(file, 'name: Tried\ncondition: errors > 2\nwindow: 1m\nchannels: [webhook]\n');
  history = [{ timestamp: Date.UTC(2023, 11, 1, 12), events: 5, errors: 5, uniqueUsers: 0 }];
  const out = await run('rule', 'test', file, '--since', '2023-12-01', '--until', '2023-12-02');
  expect(out[0]).toBe('Tried: 1 alerts, 1 notifications and 0 escalations (evaluated every 2s)');
  expect(out[2]).toMatch(/^2023-12-01T12:00:02.000Z +2023-12-01T12:01:02.000Z +\{\} +5$/);
});

it('takes alerts on, resolves them, and silences', async () => {
  for (let n = 0; n < 3; n++) live.measure('error_count', second());
  let alerts: { id: string }[] = [];
  for (let tries = 0; alerts.length === 0 && tries < 200; tries++) {
    alerts = JSON.parse((await run('alert', 'list', '--status', 'firing', '--json')).join(''));
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  const [{ id } = { id: '' }] = alerts;
  expect(await run('alert', 'ack', id, '--comment', 'me')).toEqual([`Acknowledged Errors (${id})`]);
  expect((await run('alert', 'list'))[1]).toMatch(/acknowledged +warning +Errors/);
  expect(await run('alert', 'resolve', id)).toEqual([`Resolved Errors (${id})`]);
  await expect(run('alert', 'resolve', id)).rejects.toThrow(/resolved already/);
  const [added = ''] = await run(
    'silence',
    'add',
    'rule=Errors',
    'source!=api',
    '--for',
    '2h',
    '--comment',
    'works',
  );
  const [, silence = ''] = /\((.*)\)/.exec(added) ?? [];
  expect((await run('silence', 'list'))[1]).toMatch(/^active .*rule=Errors source!=api +local +works/);
  expect(await run('silence', 'expire', silence)).toEqual([`Ended ${silence}`]);
  await expect(run('silence', 'add', 'nonsense')).rejects.toThrow(/label=value/);
});
