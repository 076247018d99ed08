import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import GithubSlugger from 'github-slugger';
import { describe, expect, it } from 'vitest';
import { type Page, readPages, root } from './pages.ts';

const pages = readPages();
const anchorsByPath = new Map(pages.map((page) => [page.path, anchorsOf(page)]));

function anchorsOf({ tokens }: Page): ReadonlySet<string> {
  const slugger = new GithubSlugger();
  // A heading's anchor is made of what one reads of it.
  const words = (text: string): string => text.replaceAll(/`|\[([^\]]*)\]\([^)]*\)/g, '$1');
  return new Set(
    tokens.flatMap((token) => (token.type === 'heading' ? [slugger.slug(words(token.text))] : [])),
  );
}

/** Why a link leads nowhere; null when it leads somewhere. */
function fault(page: Page, href: string): string | null {
  if (/^(https?|mailto):/.test(href)) return null;
  const [file = '', anchor] = href.split('#');
  const target = file === '' ? page.path : posix.normalize(posix.join(posix.dirname(page.path), file));
  if (!existsSync(join(root, target))) return `${href}: there is no ${target}`;
  if (anchor === undefined) return null;
  const anchors = anchorsByPath.get(target);
  if (anchors === undefined) return `${href}: ${target} is no page`;
  return anchors.has(anchor) ? null : `${href}: ${target} has no such heading`;
}

describe('the links of', () => {
  it.each(pages.map((page) => [page.path, page] as const))('%s lead somewhere', (_path, page) => {
    const links = page.tokens.flatMap((token) =>
      token.type === 'link' || token.type === 'image' ? [String(token.href)] : [],
    );
    expect(links.map((href) => fault(page, href)).filter((text) => text !== null)).toEqual([]);
  });

  it('the index reach every page of docs, and nothing that is not there', () => {
    const index = pages.find(({ path }) => path === 'docs/README.md');
    const listed = (index?.tokens ?? []).flatMap((token) =>
      token.type === 'link' ? [posix.join('docs', String(token.href))] : [],
    );
    const present = pages
      .map(({ path }) => path)
      .filter((path) => path.startsWith('docs/') && path !== 'docs/README.md');
    expect(present.length).toBeGreaterThan(30);
    expect(present.filter((path) => !listed.includes(path))).toEqual([]);
    expect(new Set(listed).size).toBe(listed.length);
  });

  it('a page with a wrong anchor or file would be told', () => {
    const [page] = pages;
    if (page === undefined) throw new Error('There are no pages');
    expect(fault(page, 'no-such-page.md')).toContain('there is no');
    expect(fault(page, '#no-such-heading')).toContain('no such heading');
  });
});
