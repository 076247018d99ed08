import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AlertNotification,
  ErrorResponse,
  EventBatchInput,
  EventInput,
  IngestionClientFrame,
  MetricDefinitionBody,
} from '@streamflow/contracts';
import Type from 'typebox';
import { Compile } from 'typebox/compile';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig } from '../../packages/server/src/config/load.ts';
import { listSettings } from '../../packages/server/src/config/setting-list.ts';
import { compileExpression } from '../../packages/server/src/domain/metrics/expressions.ts';
import { readRuleFile } from '../../packages/server/src/rule-files/read-rule-files.ts';
import { openRuleBook } from '../../packages/server/src/services/alerting/rule-book.ts';
import { wholeRule } from '../../packages/server/src/services/alerting/rule-definition.ts';
import { run } from '../deploy/programs.ts';
import { commandFault } from './commands.ts';
import { blocksOf, codeSpansOf, readPages, root } from './pages.ts';
import { curlFault, isKnownRoute } from './routes.ts';
import { programOf, shellCommands } from './shell.ts';

/* What the pages show is held against the program: nothing on them can be out of date without a failure here. */

const pages = readPages().filter(
  ({ path }) => path === 'README.md' || (path.startsWith('docs/') && !path.startsWith('docs/decisions/')),
);
const named = pages.map((page) => [page.path, page] as const);
const shellOf = (page: (typeof pages)[number]): string[] => [
  ...blocksOf(page, 'sh'),
  ...blocksOf(page, 'bash'),
];

const settings = listSettings();
/** Words of the same form that are no settings of the program. */
const ofOthers = [
  ...['POSTGRES_PASSWORD', 'RABBITMQ_PASSWORD', 'REDIS_PASSWORD', 'GRAFANA_PASSWORD'],
  // Of the commands and the SDK's examples, and where the file of settings is.
  ...['STREAMFLOW_KEY', 'STREAMFLOW_CONFIG'],
];

it('there are samples of every kind', () => {
  const count = (language: string): number => pages.flatMap((page) => blocksOf(page, language)).length;
  expect(count('sh')).toBeGreaterThan(25);
  expect(count('json')).toBeGreaterThan(7);
  expect(count('yaml')).toBeGreaterThan(9);
  expect(count('ini')).toBeGreaterThan(3);
  expect(count('ts')).toBeGreaterThan(2);
});

describe.each(named)('%s', (_path, page) => {
  it('names only settings that there are', () => {
    const known = new Set([...settings.map(({ setting }) => setting.env), ...ofOthers]);
    const words = page.text.match(/\b[A-Z]{3,}(?:_[A-Z]+)+\b/g) ?? [];
    expect(words.filter((name) => !known.has(name))).toEqual([]);
  });

  it('names only commands and flags that there are', async () => {
    const commands = [
      ...shellOf(page),
      ...codeSpansOf(page).filter((text) => /^(npx )?streamflow /.test(text)),
    ]
      .flatMap(shellCommands)
      .map(programOf)
      .filter(([program]) => program === 'streamflow');
    const faults = await Promise.all(commands.map(([, ...words]) => commandFault(words)));
    expect(faults.filter((fault) => fault !== null)).toEqual([]);
  });

  it('names only scripts of package.json that there are', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const scriptNames = [...page.text.matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name);
    expect(scriptNames.filter((name) => !Object.hasOwn(scripts, name))).toEqual([]);
  });

  it('names only routes that there are', () => {
    const routes = codeSpansOf(page).flatMap((text) => {
      const [, method, path] = /^(GET|POST|PUT|PATCH|DELETE|WS) (\/\S*)$/.exec(text) ?? [];
      return method === undefined || path === undefined ? [] : [{ method, path }];
    });
    expect(routes.filter(({ method, path }) => !isKnownRoute(method, path))).toEqual([]);
  });

  it('asks by curl only for what a service takes', () => {
    const calls = shellOf(page)
      .flatMap(shellCommands)
      .map(programOf)
      .filter(([program]) => program === 'curl');
    expect(calls.map(curlFault).filter((fault) => fault !== null)).toEqual([]);
  });

  it('has no shell code that a shell cannot read', () => {
    const { code, output } = run('bash', ['-n'], shellOf(page).join('\n'));
    expect({ code, output }).toEqual({ code: 0, output: '' });
  });

  it('shows only JSON that the contracts take', () => {
    const faults = blocksOf(page, 'json').map((block) => jsonFault(JSON.parse(block)));
    expect(faults.filter((fault) => fault !== null)).toEqual([]);
  });

  it('shows only settings with values that are taken', () => {
    for (const block of blocksOf(page, 'ini')) {
      const lines = block.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
      const given = Object.fromEntries(
        lines.map((line) => /^(\w+)=(.*)$/.exec(line)?.slice(1) ?? [line, '']),
      );
      const { warnings } = loadConfig({
        env: { JWT_SECRET_KEY: 'x'.repeat(48), DATABASE_URL: 'postgresql://postgres/streamflow', ...given },
        cwd: '/',
        readFile: () => null,
      });
      expect(warnings).toEqual([]);
    }
  });
});

/** The first kind whose mark an object has is what it must be, whole. */
const kinds = [
  { mark: 'success', schema: Type.Object({ success: Type.Literal(true), timestamp: Type.String() }) },
  { mark: 'error', schema: ErrorResponse },
  { mark: 'kind', schema: AlertNotification },
  { mark: 'filter', schema: MetricDefinitionBody },
  { mark: 'events', schema: EventBatchInput },
  { mark: 'ref', schema: IngestionClientFrame },
  { mark: 'source', schema: EventInput },
].map(({ mark, schema }) => ({ mark, check: Compile(schema) }));

function jsonFault(value: object): string | null {
  const kind = kinds.find(({ mark }) => Object.hasOwn(value, mark));
  if (kind === undefined) return `${JSON.stringify(value)} is nothing that the contracts have`;
  const [error] = kind.check.Errors(value);
  if (error !== undefined) return `${kind.mark}: ${error.instancePath} ${error.message}`;
  return kind.mark === 'filter' ? definitionFault(value) : null;
}

const definitionBody = Compile(MetricDefinitionBody);

function definitionFault(value: unknown): string | null {
  const { filter, value: measured } = definitionBody.Parse(value);
  for (const [text, expected] of [
    [filter, 'condition'],
    [measured, 'number'],
  ] as const) {
    const compiled = typeof text === 'string' ? compileExpression(text, expected) : null;
    if (compiled !== null && 'problem' in compiled) return `${text}: ${compiled.problem.message}`;
  }
  return null;
}

describe('samples in YAML', () => {
  let scratch = '';
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), 'streamflow-samples-'));
  });
  afterAll(() => rmSync(scratch, { recursive: true }));

  const blocks = pages.flatMap((page) =>
    blocksOf(page, 'yaml').map((text, index) => ({ name: `${page.path} ${index + 1}`, text })),
  );
  const isOf = (text: string, key: string): boolean => Object.hasOwn(parse(text), key);
  const rules = blocks.filter(({ text }) => isOf(text, 'rules'));
  // The configuration of Prometheus is held against promtool, in operations-pages.test.ts.
  const files = blocks.filter(({ text }) => !isOf(text, 'rules') && !isOf(text, 'scrape_configs'));

  /** The metrics that the pages themselves define. */
  const defined = pages
    .flatMap((page) => shellOf(page).flatMap(shellCommands))
    .filter((words) => words.some((word) => word.endsWith('/metric-definitions')))
    .map((words) => definitionBody.Parse(JSON.parse(words[words.indexOf('-d') + 1] ?? '')))
    .map(({ name, type, filter = null, value = null, group_by: groupBy = {} }) => ({
      name,
      type,
      filter,
      value,
      group_by: groupBy,
    }));
  const book = openRuleBook('default', { list: async () => defined, count: async () => {} });

  it.each(rules)('$name are rules that would be taken, conditions included', async ({ text }) => {
    const file = join(scratch, 'rules.yaml');
    writeFileSync(file, text);
    const read = await readRuleFile(file);
    expect(read.length).toBeGreaterThan(0);
    for (const rule of read)
      expect((await book).read(rule.name, wholeRule(rule)).definition.name).toBe(rule.name);
  });

  it('with a wrong condition would be refused', async () => {
    const wrong = wholeRule({ name: 'x', condition: 'no_such_metric > 1' });
    await expect(async () => (await book).read('x', wrong)).rejects.toThrow('no_such_metric');
  });

  it.each(files)('$name is a configuration', ({ text }) => {
    const { warnings } = loadConfig({
      env: {},
      cwd: '/',
      readFile: (path) => (path.endsWith('config.yaml') ? text : null),
    });
    expect(warnings).toEqual([]);
  });

  it('are some of each', () => {
    expect([rules.length > 8, files.length > 0, defined.length > 0]).toEqual([true, true, true]);
  });
});

describe('samples in TypeScript', () => {
  it('are taken by the compiler, against the SDK as it is', () => {
    const scratch = mkdtempSync(join(root, 'node_modules/.samples-'));
    try {
      const samples = pages.flatMap((page) => blocksOf(page, 'ts'));
      for (const [index, text] of samples.entries()) writeFileSync(join(scratch, `sample-${index}.ts`), text);
      const config = {
        extends: join(root, 'tsconfig.tests.json'),
        compilerOptions: { rootDir: root },
        include: [join(scratch, '*.ts')],
        exclude: [],
      };
      writeFileSync(join(scratch, 'tsconfig.json'), JSON.stringify(config));
      const compiler = join(root, 'node_modules/typescript/bin/tsc');
      const { code, output } = run(process.execPath, [compiler, '-p', scratch]);
      expect({ code, output }).toEqual({ code: 0, output: '' });
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });
});

describe('a sample that is wrong is told', () => {
  const auth = '-H "Authorization: Bearer $KEY"';
  it.each([
    [`curl -s http://localhost:8001/eventz ${auth}`, 'no service has it'],
    [`curl -s -X DELETE http://localhost:8001/events ${auth}`, 'no service has it'],
    [`curl -s "http://localhost:8005/events?typ=web.click" ${auth}`, 'no parameter typ'],
    [`curl -s http://localhost:8001/events ${auth} \\\n  -d '{"type":"web.click"}'`, 'source'],
  ])('%s', (code, reason) => {
    expect(shellCommands(code).map(programOf).map(curlFault).join()).toContain(reason);
  });

  it.each([
    ['npx streamflow rule tset rules.yaml', 'no command tset'],
    ['export KEY=$(npx streamflow key create first --scop ingest | node -pe x)', 'no flag --scop'],
  ])('%s', async (code, reason) => {
    const [, ...words] =
      shellCommands(code)
        .map(programOf)
        .find(([program]) => program === 'streamflow') ?? [];
    expect(await commandFault(words)).toContain(reason);
  });

  it('JSON that is no event', () => {
    expect(jsonFault({ type: 'web.click', source: 'website', page: '/' })).not.toBeNull();
    expect(jsonFault({ name: 'x', type: 'counter', filter: 'event.type ==' })).not.toBeNull();
  });
});

it('nobody is promised what is not ours: a chart repository, addresses of support', () => {
  const promised = /helm\.streamflow\.dev|support@streamflow|discord\.gg|readthedocs|helm repo add/;
  expect(pages.filter(({ text }) => promised.test(text)).map(({ path }) => path)).toEqual([]);
});
