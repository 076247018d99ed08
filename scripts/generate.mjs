// Writes everything under docs/reference from the sources that it documents. Run after `tsc -b`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { referencePages } from './reference-pages.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
for (const [path, content] of referencePages()) {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  console.log(`wrote ${path}`);
}
