import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/* What StreamFlow is made of, by the lock file and by the bill of materials. */

interface Locked {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const readJson = (path: string) => JSON.parse(readFileSync(new URL(path, `file://${root}`), 'utf8'));
const lock: { packages: Record<string, Locked> } = readJson('package-lock.json');
const manifest: { allowScripts: Record<string, boolean> } = readJson('package.json');

const foreign = Object.entries(lock.packages).filter(
  ([path, { link }]) => path.includes('node_modules/') && link !== true,
);
const nameOf = (path: string): string => path.slice(path.lastIndexOf('node_modules/') + 13);

/** Ask for no more than that the notice is kept, or for nothing. */
const permissive = [
  'MIT',
  'MIT-0',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'Unlicense',
];
/** Also asks for changed files to be given out; for tools that never reach a user. */
const forTools = [...permissive, 'MPL-2.0'];

/** Whether one side of each choice, and every part of a combination, is among the licences. */
function isAmong(expression: string, licences: readonly string[]): boolean {
  const plain = expression.replace(/^\((.*)\)$/, '$1');
  return plain
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((licence) => licences.includes(licence)));
}

describe('the packages that we use', () => {
  it('have licences that let everybody use StreamFlow', () => {
    const others = foreign
      .filter(([, { license = 'none', dev }]) => !isAmong(license, dev === true ? forTools : permissive))
      .map(([path, { license = 'none' }]) => `${path}: ${license}`);
    expect(others).toEqual([]);
    expect(foreign.length).toBeGreaterThan(100);
  });

  it.each([
    ['MIT', true],
    ['(MIT OR GPL-3.0)', true],
    ['MIT AND GPL-3.0', false],
    ['GPL-3.0', false],
    ['none', false],
  ])('are judged by their licence: %s', (expression, expected) => {
    expect(isAmong(expression, permissive)).toBe(expected);
  });

  it('are what they were when they were chosen, by their checksums', () => {
    const unchecked = foreign.filter(([, { integrity = '' }]) => !integrity.startsWith('sha512-'));
    // The engine for other platforms: the registry that the lock file was made with did not have it.
    const engine = /^@chdb\/lib-(darwin-arm64|darwin-x64|linux-arm64-gnu)$/;
    expect(unchecked.map(([path]) => nameOf(path)).filter((name) => !engine.test(name))).toEqual([]);
  });

  it('come from the registry alone', () => {
    const elsewhere = foreign.filter(
      ([, { resolved = 'https://registry.npmjs.org/' }]) =>
        !resolved.startsWith('https://registry.npmjs.org/'),
    );
    expect(elsewhere.map(([path]) => path)).toEqual([]);
  });

  it('run no script when they are installed but those that package.json decides on', () => {
    const scripted = foreign.filter(([, { hasInstallScript }]) => hasInstallScript === true);
    expect(scripted.map(([path]) => nameOf(path)).sort()).toEqual(Object.keys(manifest.allowScripts).sort());
    const allowed = Object.entries(manifest.allowScripts).filter(([, allow]) => allow);
    // It fetches its addon, or builds it where there is none.
    expect(allowed).toEqual([['better-sqlite3', true]]);
  });
});

it('the bill of materials names every package that a user gets, with version and checksum', () => {
  const text = execFileSync('npm', ['run', '--silent', 'sbom'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  const bill: {
    bomFormat: string;
    components: readonly { purl: string; hashes?: readonly { alg: string }[] }[];
  } = JSON.parse(text);
  expect(bill.bomFormat).toBe('CycloneDX');
  const named = new Set(bill.components.map(({ purl }) => purl.replace('%40', '@')));
  // The last two are tools of the workspace as well, which npm alone would leave out for that.
  for (const name of ['fastify', 'better-sqlite3', 'chdb', 'typebox', 'ws', 'pg']) {
    const { version } = lock.packages[`node_modules/${name}`] ?? {};
    expect(named).toContain(`pkg:npm/${name}@${version}`);
  }
  for (const tool of ['vitest', 'typescript', '@biomejs/biome'])
    expect([...named].filter((purl) => purl.startsWith(`pkg:npm/${tool}@`))).toEqual([]);
  const unhashed = bill.components.filter(
    ({ purl, hashes = [] }) => !purl.includes('streamflow/') && !hashes.some(({ alg }) => alg === 'SHA-512'),
  );
  expect(unhashed.map(({ purl }) => purl)).toEqual([]);
});
