import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../domain/log.ts';
import { metricDefinitions } from '../domain/records/metric-definitions.ts';
import { openTestRecords, type TestRecords } from '../ledger/test-records.fixture.ts';
import { definitionFields } from './definition-fields.ts';
import { applyDefinitionFiles } from './definition-files.ts';
import { readDefinitionOrigins } from './definition-origins.ts';
import { mostDefinitions } from './definition-source.ts';

const project = 'default';

describe('metric definitions of files', () => {
  let records: TestRecords;
  let directory: string;
  let file: string;

  beforeEach(async () => {
    records = await openTestRecords({ now: () => Date.UTC(2023, 11, 1) });
    directory = await mkdtemp(join(tmpdir(), 'streamflow-metrics-'));
    file = join(directory, 'sales.yaml');
  });
  afterEach(async () => {
    await records.close();
    await rm(directory, { recursive: true, force: true });
  });

  const apply = (...paths: string[]) =>
    applyDefinitionFiles({ paths, records: records.store, project, newId: randomUUID, log: silentLog });
  const define = async (name: string): Promise<string> => {
    const id = randomUUID();
    await records.store.insert(metricDefinitions, {
      project,
      id,
      ...definitionFields({ name, type: 'counter' }),
    });
    return id;
  };
  const metrics = async () => {
    const { records: all } = await records.store.list(metricDefinitions, { project, limit: 300 });
    const origins = await readDefinitionOrigins(records.store, project);
    return Object.fromEntries(
      all.map(({ id, name, version, filter }) => [
        name,
        { id, version, filter, file: origins.get(id) ?? null },
      ]),
    );
  };
  const refusal = async (...paths: string[]): Promise<string> => {
    const before = await metrics();
    const error = await apply(...paths).then(
      () => null,
      (reason: unknown) => reason,
    );
    expect(await metrics()).toEqual(before);
    expect(error).toMatchObject({ code: 'ValidationError' });
    return String(error).split(directory).join('');
  };

  it('are made at the start, and another start changes nothing', async () => {
    await writeFile(
      file,
      'metrics:\n  - { name: sales, type: counter, filter: has(event.data.amount), group_by: { b: event.type, a: event.source } }\n',
    );
    await apply(file);
    const made = await metrics();
    expect(made).toMatchObject({ sales: { version: 1, filter: 'has(event.data.amount)', file } });
    await apply(file);
    expect(await metrics()).toEqual(made);
  });

  it('are made once by workers that start together', async () => {
    await writeFile(file, '[{ name: a, type: counter }, { name: b, type: counter }]');
    await Promise.all([apply(file), apply(file), apply(file)]);
    expect(await metrics()).toMatchObject({ a: { version: 1, file }, b: { version: 1, file } });
  });

  it('follow the files: changed under their id, deleted when they have left, in a directory by name', async () => {
    const other = await define('by_a_person');
    await writeFile(file, '[{ name: a, type: counter }, { name: b, type: counter }]');
    await apply(directory);
    const { a, b } = await metrics();
    expect(b).toBeDefined();
    await writeFile(file, `[{ name: a, type: counter, filter: 'event.type == "x"' }]`);
    await writeFile(join(directory, 'more.json'), '{ "name": "c", "type": "counter" }');
    await writeFile(join(directory, 'notes.txt'), 'not a metric');
    // What Kubernetes mounts is links to a hidden directory.
    await mkdir(join(directory, '..data.yaml'));
    await symlink(file, join(directory, '..hidden.yaml'));
    await apply(directory);
    expect(await metrics()).toEqual({
      a: { id: a?.id, version: 2, filter: 'event.type == "x"', file },
      c: { id: expect.any(String), version: 1, filter: null, file: join(directory, 'more.json') },
      by_a_person: { id: other, version: 1, filter: null, file: null },
    });
  });

  it('take over a definition of the same name, and let it go when there are no files', async () => {
    const id = await define('sales');
    await writeFile(file, '{ name: sales, type: counter, filter: "true" }');
    await apply(file);
    expect(await metrics()).toMatchObject({ sales: { id, filter: 'true', file } });
    await apply();
    expect(await metrics()).toMatchObject({ sales: { id, filter: 'true', file: null } });
  });

  it('keep the server from starting when any is wrong, by file and field, and none is made', async () => {
    const second = join(directory, 'second.yaml');
    await writeFile(file, '[{ name: a, type: sum }, { name: b, type: counter }]');
    await writeFile(second, '[{ name: c, type: counter, colour: red }]');
    const shapes = await refusal(file, second, join(directory, 'none.yaml'));
    expect(shapes).toContain('/sales.yaml: metrics.0.type must be one of counter, gauge, histogram, timer');
    expect(shapes).toContain('/second.yaml: metrics.0.colour is not a known field');
    expect(shapes).toMatch(/\/none\.yaml: ENOENT/);

    await writeFile(file, '[{ name: a, type: counter }, { name: b, type: counter }]');
    await writeFile(second, '[{ name: b, type: counter }]');
    expect(await refusal(file, second)).toContain(
      '/second.yaml: metrics.0.name is "b" as that of metrics.1 of /sales.yaml',
    );

    await writeFile(
      file,
      '[{ name: a, type: counter, filter: "event.type ==" }, { name: events_total, type: counter }, { name: g, type: gauge }]',
    );
    const meanings = await refusal(file);
    expect(meanings).toContain('/sales.yaml: metrics.0.filter is not acceptable');
    expect(meanings).toContain('/sales.yaml: metrics.1.name is events_total, which is a built-in metric');
    expect(meanings).toContain('/sales.yaml: metrics.2.value must be given');
    await writeFile(file, 'metrics: [');
    expect(await refusal(file)).toContain('/sales.yaml: is neither YAML nor JSON');
  });

  it('have room beside those that are defined already, or are refused', async () => {
    for (let n = 1; n < mostDefinitions; n += 1) await define(`m${n}`);
    await writeFile(file, '[{ name: a, type: counter }, { name: b, type: counter }]');
    expect(await refusal(file)).toContain('2 metrics beside 199');
    await writeFile(file, '[{ name: a, type: counter }, { name: m1, type: counter }]');
    await apply(file);
    expect(Object.keys(await metrics())).toHaveLength(mostDefinitions);
  });
});
