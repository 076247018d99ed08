import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';

/** A page of the guide, as it is written. */
export interface SourcePage {
  /** From the root of the repository, with slashes. */
  readonly source: string;
  /** Where the dashboard serves it. */
  readonly path: string;
  readonly text: string;
}

/** What the pages of the guide are made of. */
export interface GuideSources {
  readonly pages: readonly SourcePage[];
  /** Other files of the documentation, by source: where the dashboard serves them. */
  readonly files: ReadonlyMap<string, string>;
}

export const guidePath = '/docs/guide';
const indexSource = 'docs/README.md';

export function readSources(root: string): GuideSources {
  const sources = [...filesBelow(root, 'docs'), 'CHANGELOG.md'];
  return {
    pages: sources
      .filter((source) => source.endsWith('.md'))
      .map((source) => ({ source, path: pathOf(source), text: readFileSync(join(root, source), 'utf8') })),
    files: new Map(
      sources
        .filter((source) => source.endsWith('.json'))
        .map((source) => [source, `${guidePath}/${posix.relative('docs', source)}`]),
    ),
  };
}

/** `docs/operations/sizing.md` is `/docs/guide/operations/sizing`. */
function pathOf(source: string): string {
  if (source === indexSource) return guidePath;
  const name = source.startsWith('docs/') ? posix.relative('docs', source) : source.toLowerCase();
  return `${guidePath}/${name.replace(/\.md$/, '')}`;
}

function filesBelow(root: string, directory: string): string[] {
  return readdirSync(join(root, directory), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .toSorted();
}

/** Where a link of a page leads: a page or file of the guide, or a file that only the repository has. */
export type Target =
  | { readonly kind: 'guide'; readonly href: string }
  | { readonly kind: 'repository'; readonly path: string };

/** Whether the repository has the file is not asked: an image is built without most of it, and the tests ask. */
export function targetOf({ pages, files }: GuideSources, from: SourcePage, href: string): Target {
  if (/^https?:/.test(href) || href.startsWith('#')) return { kind: 'guide', href };
  const [file = '', anchor] = href.split('#');
  const source = posix.normalize(posix.join(posix.dirname(from.source), file));
  const path = pages.find((page) => page.source === source)?.path ?? files.get(source);
  if (path !== undefined) return { kind: 'guide', href: anchor === undefined ? path : `${path}#${anchor}` };
  return { kind: 'repository', path: source };
}
