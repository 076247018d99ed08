import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { StreamFlow } from '@streamflow/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RecountFields, recount } from './recount.ts';
import {
  administrator,
  freePorts,
  type ServerProcess,
  startServer,
  temporaryDirectory,
} from './server-process.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const shared = process.env.STREAMFLOW_SHARED_DATA ?? resolve(root, '../shared/data');
const program = join(root, 'packages/server/bin/streamflow.mjs');

interface DataSet {
  readonly file: string;
  readonly type: string;
  readonly map: readonly string[];
  readonly fields: RecountFields;
  /** Where the counted and the summed field are in the stored events. */
  readonly groupBy: `data.${string}`;
  readonly sumOf: `data.${string}`;
}

const dataSets: readonly DataSet[] = [
  {
    file: 'wikipedia-edits-2015-09-12.json.gz',
    type: 'custom.edit',
    map: ['type=custom.edit', 'user_id=user', 'timestamp=time', 'source=channel'],
    fields: { time: 'time', user: 'user', field: 'namespace', number: 'added' },
    groupBy: 'data.namespace',
    sumOf: 'data.added',
  },
  {
    file: 'zeek-dns-2018-03-24.json.gz',
    type: 'custom.dns',
    map: ['type=custom.dns', 'user_id="id.orig_h"', 'timestamp=ts', 'source=zeek'],
    fields: { time: 'ts', user: 'id.orig_h', field: 'qtype_name', number: 'rtt' },
    groupBy: 'data.qtype_name',
    sumOf: 'data.rtt',
  },
];

describe.skipIf(!existsSync(shared))('real events, imported beside a running server', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let server: ServerProcess;
  let client: StreamFlow;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    server = await startServer({ dataDirectory: directory.path, ports: await freePorts() });
    client = new StreamFlow({
      ingestionUrl: server.url('ingestion', ''),
      storageUrl: server.url('storage', ''),
      dashboardUrl: server.url('dashboard', ''),
    });
    const { access_token } = await client.auth.login(administrator.username, administrator.password);
    client = new StreamFlow({
      ingestionUrl: server.url('ingestion', ''),
      storageUrl: server.url('storage', ''),
      token: access_token,
    });
  }, 90_000);

  afterAll(async () => {
    await client?.close();
    await server?.stop();
    await directory?.remove();
  }, 60_000);

  const runImport = async ({ file, map }: DataSet) => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [program, 'import', '--json', ...map.flatMap((each) => ['--map', each]), join(shared, file)],
      {
        env: { PATH: process.env.PATH, HOME: process.env.HOME, STREAMFLOW_DATA_DIR: directory.path },
        cwd: directory.path,
      },
    );
    return JSON.parse(stdout);
  };

  it.each(dataSets)(
    'has the totals of $file by user, hour and property, and a second import adds nothing',
    async (dataSet) => {
      const expected = await recount(join(shared, dataSet.file), dataSet.fields);
      const whole = { accepted: expected.total, conflicting: 0, unconfirmed: 0, refused: 0 };
      expect(await runImport(dataSet)).toMatchObject({ ...whole, added: expected.total, repeated: 0 });
      const type = [dataSet.type];
      await expect
        .poll(async () => (await client.events.aggregate({ type })).total, { timeout: 20_000, interval: 100 })
        .toBe(expected.total);
      expect(await runImport(dataSet)).toMatchObject({ ...whole, added: 0, repeated: expected.total });

      const byType = await client.events.aggregate({ type, group_by: ['type'] });
      expect(byType.aggregations).toEqual({ [dataSet.type]: expected.total });

      const byUser = await client.events.aggregate({ type, group_by: ['user_id'], limit: 1000 });
      const users = Object.entries(byUser.aggregations).filter(([user]) => user !== 'null');
      for (const [user, count] of users) expect([user, count]).toEqual([user, expected.byUser.get(user)]);
      expect(users.length).toBe(Math.min(expected.byUser.size, users.length));
      expect((await client.events.aggregate({ type, metric: 'unique_users' })).total).toBe(
        expected.byUser.size,
      );
      const largest = [...expected.byUser.values()].sort((a, b) => b - a).slice(0, users.length);
      expect(users.map(([, count]) => count)).toEqual(largest);

      const byHour = await client.events.aggregate({ type, interval: '1h' });
      const hours = (byHour.series ?? []).filter(({ total }) => total !== 0);
      expect(hours.map(({ timestamp, total }) => [timestamp, total])).toEqual(
        [...expected.byHour].sort(([a], [b]) => (a < b ? -1 : 1)),
      );

      const byField = await client.events.aggregate({ type, group_by: [dataSet.groupBy], limit: 1000 });
      expect(new Map(Object.entries(byField.aggregations))).toEqual(expected.byField);
      const sum = await client.events.aggregate({ type, metric: 'sum', field: dataSet.sumOf });
      // The order of adding differs, and with it the last digits of a sum of fractions.
      expect(sum.total).toBeCloseTo(expected.sum, 3);
    },
    90_000,
  );
});
