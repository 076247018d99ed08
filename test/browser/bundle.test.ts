import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const site = fileURLToPath(new URL('../../packages/web/dist/site/', import.meta.url));

interface Chunk {
  readonly file: string;
  readonly isEntry?: boolean;
  readonly imports?: readonly string[];
}

/** All scripts that the page needs before anything is shown. */
function initialScripts(manifest: Readonly<Record<string, Chunk>>): Set<string> {
  const files = new Set<string>();
  const add = (chunk: Chunk | undefined): void => {
    if (chunk === undefined || files.has(chunk.file)) return;
    files.add(chunk.file);
    for (const name of chunk.imports ?? []) add(manifest[name]);
  };
  for (const chunk of Object.values(manifest)) if (chunk.isEntry === true) add(chunk);
  return files;
}

const compressedSize = (file: string): number =>
  statSync(`${site}${file}.br`, { throwIfNoEntry: false })?.size ?? statSync(site + file).size;

it('loads at most 250 KB of scripts, compressed, before anything is shown', () => {
  const manifest = JSON.parse(readFileSync(`${site}.vite/manifest.json`, 'utf8'));
  const files = initialScripts(manifest);
  const bytes = [...files].reduce((sum, file) => sum + compressedSize(file), 0);
  expect(bytes).toBeGreaterThan(50_000);
  expect(bytes).toBeLessThan(250_000);
  expect([...files].some((file) => file.includes('uplot'))).toBe(false);
});

it('has no script and no style in the page itself', () => {
  const page = readFileSync(`${site}index.html`, 'utf8');
  expect(page).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/);
});
