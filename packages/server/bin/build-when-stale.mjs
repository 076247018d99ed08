// A clone runs from its sources without a build step to remember: what is compiled is compared with what it comes
// from, by time, and built again when it is older. An installed package has no sources, and nothing happens.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, utimesSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const packages = ['contracts', 'client', 'server', 'web'].map((name) => `${root}packages/${name}`);
const stampOf = (directory) => `${directory}/dist/.tsbuildinfo`;
const web = `${root}packages/web`;
const page = `${web}/dist/site/index.html`;

export function buildWhenStale() {
  const sources = packages.map((directory) => `${directory}/src`);
  const compiler = `${root}node_modules/typescript/bin/tsc`;
  if (!sources.every((directory) => existsSync(directory)) || !existsSync(compiler)) return;
  const changedAt = new Map(
    packages.map((directory) => [
      directory,
      Math.max(newestWithin(`${directory}/src`), modifiedAt(`${directory}/tsconfig.json`)),
    ]),
  );
  const newest = Math.max(modifiedAt(`${root}tsconfig.base.json`), ...changedAt.values());
  if (Math.min(...packages.map((directory) => modifiedAt(stampOf(directory)))) < newest) compile(compiler);
  // The server's own sources are in no page.
  const pageSources = ['contracts', 'client', 'web'].map((name) => changedAt.get(`${root}packages/${name}`));
  const pageChangedAt = Math.max(
    ...pageSources,
    newestWithin(`${web}/public`),
    newestWithin(`${web}/guide`),
    newestWithin(`${root}docs`),
    modifiedAt(`${root}CHANGELOG.md`),
    modifiedAt(`${web}/index.html`),
    modifiedAt(`${web}/vite.config.ts`),
    modifiedAt(`${web}/precompress.ts`),
  );
  if (modifiedAt(page) < pageChangedAt) buildPages();
}

function compile(compiler) {
  process.stderr.write('Building…\n');
  const { status, stdout } = spawnSync(process.execPath, [compiler, '-b'], { cwd: root, encoding: 'utf8' });
  const now = new Date();
  for (const directory of packages) {
    if (!existsSync(stampOf(directory))) continue;
    // The compiler leaves the stamp alone where only times have changed, and renews it where it found errors.
    if (status === 0) utimesSync(stampOf(directory), now, now);
    else utimesSync(stampOf(directory), 0, 0);
  }
  if (status === 0) return;
  process.stderr.write(stdout);
  process.exit(1);
}

function buildPages() {
  const bundler = `${root}node_modules/vite/bin/vite.js`;
  if (!existsSync(bundler)) return;
  process.stderr.write('Building the pages…\n');
  const { status, stderr } = spawnSync(process.execPath, [bundler, 'build', '--logLevel', 'warn'], {
    cwd: web,
    encoding: 'utf8',
  });
  if (status === 0) return;
  process.stderr.write(stderr);
  process.exit(1);
}

const modifiedAt = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** The latest change of a source or a directory (files that were added or removed), tests apart. */
function newestWithin(directory) {
  let newest = modifiedAt(directory);
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = `${directory}/${entry.name}`;
    if (entry.isDirectory()) newest = Math.max(newest, newestWithin(path));
    else if (!/\.(test|contract|fixture)\.ts$/.test(entry.name)) newest = Math.max(newest, modifiedAt(path));
  }
  return newest;
}
