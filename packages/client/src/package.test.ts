import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

it('imports nothing at run time but its own files', () => {
  const built = new URL('../dist/', import.meta.url);
  const files = readdirSync(built, { encoding: 'utf8', recursive: true }).filter((file) =>
    file.endsWith('.js'),
  );
  expect(files).toContain('index.js');
  for (const file of files) {
    const code = readFileSync(new URL(file, built), 'utf8');
    const imported = [...code.matchAll(/(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)].map(([, name]) => name);
    expect([file, imported.filter((name) => !name?.startsWith('./') && !name?.startsWith('../'))]).toEqual([
      file,
      [],
    ]);
  }
});
