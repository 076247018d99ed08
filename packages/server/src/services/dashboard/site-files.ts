import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import type { SiteFile } from './site.ts';

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.woff2': 'font/woff2',
};
/** Where the build puts files whose names carry a digest of their content. */
const hashedFolder = '/assets/';

/** The built pages by path, with what the build compressed beside them; empty where nothing is built. */
export async function readSiteFiles(directory: string): Promise<ReadonlyMap<string, SiteFile>> {
  const contents = new Map<string, Buffer>();
  for (const entry of await entriesOf(directory)) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    contents.set(`/${relative(directory, path).split(sep).join('/')}`, await readFile(path));
  }
  const files = new Map<string, SiteFile>();
  for (const [path, plain] of contents) {
    const type = types[extname(path)];
    if (type === undefined) continue;
    files.set(path, {
      type,
      entityTag: createHash('sha256').update(plain).digest('base64url').slice(0, 22),
      immutable: path.startsWith(hashedFolder),
      plain,
      br: contents.get(`${path}.br`) ?? null,
      gzip: contents.get(`${path}.gz`) ?? null,
    });
  }
  return files;
}

async function entriesOf(directory: string) {
  try {
    return await readdir(directory, { recursive: true, withFileTypes: true });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
