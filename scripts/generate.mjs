// Writes every file that is made from others: docs/reference, the dashboards of Grafana. Run after `tsc -b`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generatedFiles } from './generated-files.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
for (const [path, content] of generatedFiles()) {
  const file = join(root, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  console.log(`wrote ${path}`);
}
