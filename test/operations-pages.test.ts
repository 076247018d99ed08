import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../packages/server/src/config/load.ts';
import { queriedNames } from './deploy/metric-names.ts';
import { describeWithProgram, run } from './deploy/programs.ts';

/* What the pages about running it say, held against the program: figures, files. docs/samples.test.ts has what all pages share. */

const root = fileURLToPath(new URL('..', import.meta.url));
const directory = join(root, 'docs/operations');
const pages = readdirSync(directory).map((name) => ({
  name,
  text: readFileSync(join(directory, name), 'utf8'),
}));
const production = pages.find(({ name }) => name === 'production.md')?.text ?? '';
const blocks = (text: string, language: string): string[] =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map(
    ([, block]) => block ?? '',
  );

describe.each(pages)('$name', ({ text }) => {
  it('names only files of the repository that there are', () => {
    const code = blocks(text, 'sh').join('\n');
    const named = code.match(/(?<=\s)(?:deploy\/[\w./@-]+|compose[\w.]*\.yaml)/g) ?? [];
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

describe('the settings of production.md', () => {
  it('are taken as they stand, without a warning, for every service apart', () => {
    const [block = ''] = blocks(production, 'ini');
    const env = Object.fromEntries(
      block
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    expect(Object.keys(env).length).toBeGreaterThan(10);
    const { config, warnings } = loadConfig({ env, cwd: '/', readFile: () => null });
    expect(warnings).toEqual([]);
    expect(config.engines).toEqual({
      bus: 'rabbitmq',
      events: 'postgres',
      records: 'postgres',
      rateLimiter: 'redis',
    });
    expect(config.traceEndpoint).toBe('http://127.0.0.1:4318/v1/traces');
  });
});

describe('the figures that the pages name', () => {
  it('are read by Prometheus rules or dashboards, whose queries are held against a running server', () => {
    const others = ['deploy/prometheus/rules', 'deploy/grafana/dashboards']
      .flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(root, folder, name)))
      .map((file) => readFileSync(file, 'utf8'))
      .join('\n');
    const known = new Set(queriedNames(others));
    const named = pages.flatMap(({ text }) => queriedNames(text)).filter((name) => !name.includes(':'));
    const unknown = named.filter((name) => !known.has(name) && !known.has(`${name}_bucket`));
    expect(unknown).toEqual([]);
  });
});

describeWithProgram('promtool', 'prometheus', () => {
  it('finds nothing wrong with the configuration of production.md', () => {
    const scratch = mkdtempSync(join(tmpdir(), 'streamflow-docs-'));
    try {
      const file = join(scratch, 'prometheus.yml');
      writeFileSync(file, blocks(production, 'yaml')[0] ?? '');
      const { code, output } = run('promtool', ['check', 'config', file]);
      expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' });
    } finally {
      rmSync(scratch, { recursive: true });
    }
  });
});
