import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../domain/log.ts';
import { alertRules } from '../../domain/records/alert-rules.ts';
import { startTestServer, type TestServer } from '../../http/server.fixture.ts';
import { openTestRecords, type TestRecords } from '../../ledger/test-records.fixture.ts';
import { addChannel, addRule, freeMetrics, project } from './alerting.fixture.ts';
import { readRevision } from './revision.ts';
import { applyRuleFiles } from './rule-files.ts';
import { readOrigins } from './rule-origins.ts';
import { ruleRoutes } from './rule-routes.ts';

const clock = { now: () => Date.UTC(2023, 11, 1) };

describe('rules of files', () => {
  let records: TestRecords;
  let directory: string;
  let file: string;
  const warnings: unknown[] = [];

  beforeEach(async () => {
    records = await openTestRecords(clock);
    directory = await mkdtemp(join(tmpdir(), 'streamflow-rules-'));
    file = join(directory, 'errors.yaml');
    warnings.length = 0;
  });
  afterEach(async () => {
    await records.close();
    await rm(directory, { recursive: true, force: true });
  });

  const apply = (...paths: string[]) =>
    applyRuleFiles({
      paths,
      records: records.store,
      defined: freeMetrics,
      project,
      newId: randomUUID,
      log: { ...silentLog, warning: (_message, fields) => void warnings.push(fields) },
    });
  const rules = async () => {
    const { records: all } = await records.store.list(alertRules, { project, limit: 100 });
    const origins = await readOrigins(records.store, project);
    return Object.fromEntries(
      all.map(({ id, name, version, definition }) => [
        name,
        { id, version, condition: definition.condition, file: origins.get(id) ?? null },
      ]),
    );
  };
  const problems = async (...paths: string[]): Promise<string> => {
    const before = await rules();
    const error = await apply(...paths).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(await rules()).toEqual(before);
    expect(error).toMatchObject({ code: 'ValidationError' });
    return String(error).split(directory).join('');
  };

  it('are made at the start, and another start changes nothing', async () => {
    await writeFile(file, 'rules:\n  - { name: Errors, condition: errors > 3 }\n');
    await apply(file);
    const made = await rules();
    const revision = await readRevision(records.store, project);
    expect(made).toMatchObject({ Errors: { version: 1, condition: 'errors > 3', file } });
    await apply(file);
    expect([await rules(), await readRevision(records.store, project)]).toEqual([made, revision]);
  });

  it('follow the files: changed under their id, deleted when they have left, in a directory by name', async () => {
    const other = await addRule(records.store, { name: 'By a person' });
    await writeFile(file, '[{ name: A, condition: errors > 1 }, { name: B, condition: errors > 2 }]');
    await apply(directory);
    const { A, B } = await rules();
    await writeFile(file, '[{ name: A, condition: errors > 10 }]');
    await writeFile(join(directory, 'more.json'), '{ "name": "C", "condition": "errors > 3" }');
    await writeFile(join(directory, 'notes.txt'), 'not a rule');
    // What Kubernetes mounts is links to a hidden directory.
    await mkdir(join(directory, '..data.yaml'));
    await symlink(file, join(directory, '..hidden.yaml'));
    await apply(directory);
    expect(B).toBeDefined();
    expect(await rules()).toEqual({
      A: { id: A?.id, version: 2, condition: 'errors > 10', file },
      C: { id: expect.any(String), version: 1, condition: 'errors > 3', file: join(directory, 'more.json') },
      'By a person': { id: other, version: 1, condition: 'errors > threshold', file: null },
    });
  });

  it('take over a rule of the same name, and let it go when there are no files', async () => {
    const id = await addRule(records.store, { name: 'Errors' });
    await writeFile(file, '{ name: Errors, condition: errors > 3 }');
    await apply(file);
    expect(await rules()).toMatchObject({ Errors: { id, condition: 'errors > 3', file } });
    await apply();
    expect(await rules()).toMatchObject({ Errors: { id, condition: 'errors > 3', file: null } });
  });

  it('keep the server from starting when any is wrong, by file and field, and none is made', async () => {
    const second = join(directory, 'second.yaml');
    await writeFile(
      file,
      '[{ name: A, condition: errors > 1, window: long }, { name: B, condition: errors > 1 }]',
    );
    await writeFile(second, '[{ name: B, condition: errors > 1, colour: red }]');
    const said = await problems(file, second, join(directory, 'none.yaml'));
    expect(said).toContain('/errors.yaml: rules.0.window ');
    expect(said).toContain('/second.yaml: rules.0.colour is not a known field');
    expect(said).toMatch(/\/none\.yaml: ENOENT/);

    await writeFile(second, '[{ name: B, condition: errors > 1 }]');
    await writeFile(file, '[{ name: A, condition: errors > 1 }, { name: B, condition: errors > 1 }]');
    expect(await problems(file, second)).toContain(
      '/second.yaml: rules.0.name is "B" as that of rules.1 of /errors.yaml',
    );

    await writeFile(file, '[{ name: A, condition: errors > 1 }, { name: B, condition: eror_rate > 1 }]');
    expect(await problems(file)).toContain('/errors.yaml: rules.1.condition: ');
    await writeFile(file, 'rules: [');
    expect(await problems(file)).toContain('/errors.yaml: is neither YAML nor JSON');
  });

  it('may name channels that are made later', async () => {
    await writeFile(file, '{ name: A, condition: errors > 1, channels: ["webhook:oncall", email] }');
    await apply(file);
    expect(warnings).toEqual([{ file, rule: 'A', channel: 'webhook:oncall' }]);
    await addChannel(records.store, 'webhook', 'oncall');
    await apply(file);
    expect(warnings).toHaveLength(1);
  });

  describe('by the API', () => {
    let server: TestServer;
    let base: string;
    beforeEach(async () => {
      const unused = () => Promise.reject(new Error('not asked'));
      server = await startTestServer(
        ruleRoutes({
          records: records.store,
          events: { history: unused, aggregate: unused, async *export() {} },
          maxTagValues: 100,
          defined: freeMetrics,
          clock,
          newId: randomUUID,
          log: silentLog,
        }),
        { clock },
      );
      const { port } = await server.listen('127.0.0.1', 0);
      base = `http://127.0.0.1:${port}/rules`;
    });
    afterEach(() => server.close());

    it('show where they are kept, and are not changed or deleted until they are let go', async () => {
      await writeFile(file, '{ name: Errors, condition: errors > 3 }');
      await apply(file);
      const call = async (method: string, path: string, body?: unknown) => {
        const response = await fetch(base + path, {
          method,
          headers: { authorization: 'Bearer local', 'content-type': 'application/json' },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        });
        return { status: response.status, body: await response.json() };
      };
      const { body: listed } = await call('GET', '');
      const [{ id }] = listed.data;
      expect(listed.data).toMatchObject([{ name: 'Errors', managed_by: file }]);
      expect((await call('GET', `/${id}`)).body.data).toMatchObject({ id, managed_by: file });
      const attempts = [
        await call('PATCH', `/${id}`, { enabled: false }),
        await call('PUT', `/${id}`, { name: 'Errors', condition: 'errors > 4' }),
        await call('DELETE', `/${id}`, {}),
      ];
      for (const { status, body } of attempts)
        expect([status, body.error, body.details]).toEqual([409, 'Conflict', { managed_by: file }]);
      expect((await call('GET', `/${id}`)).body.data).toMatchObject({ enabled: true, version: 1 });
      await apply();
      expect((await call('PATCH', `/${id}`, { enabled: false })).body.data).toMatchObject({
        enabled: false,
        managed_by: null,
      });
    });
  });
});
