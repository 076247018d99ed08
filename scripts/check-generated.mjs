// Fails when a committed generated file is not what its sources make. Run after `tsc -b`.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generatedDirectories, generatedFiles } from './generated-files.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const pages = generatedFiles();
const faults = [];

for (const [path, expected] of pages) {
  const difference = compare(read(join(root, path)), expected);
  if (difference !== null) faults.push(`${path}: ${difference}`);
}
const present = generatedDirectories
  .flatMap((directory) => readdirSync(join(root, directory), { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile())
  .map((entry) => relative(root, join(entry.parentPath, entry.name)));
for (const path of present) if (!pages.has(path)) faults.push(`${path}: nothing generates it`);

if (faults.length > 0) {
  console.error(`Generated files are not up to date; run \`npm run generate\`:\n  ${faults.join('\n  ')}`);
  process.exitCode = 1;
} else console.log(`${pages.size} generated files are up to date.`);

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

/** What differs, in a line; null when nothing does. */
function compare(actual, expected) {
  if (actual === null) return 'is missing';
  if (actual === expected) return null;
  const [before, after] = [actual.split('\n'), expected.split('\n')];
  const at = after.findIndex((line, index) => line !== before[index]);
  const line = at < 0 ? after.length : at;
  return `differs from line ${line + 1}: has ${JSON.stringify(before[line] ?? 'nothing')}, must have ${JSON.stringify(after[line] ?? 'nothing')}`;
}
