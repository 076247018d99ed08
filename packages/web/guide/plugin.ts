import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin, Rolldown } from 'vite';
import { readContents } from './contents.ts';
import { type Assets, type GuideSection, layoutPage } from './layout.ts';
import { type GuideSources, guidePath, readSources, type SourcePage, targetOf } from './pages.ts';
import { renderPage } from './render.ts';

/** Makes the pages of the guide from the Markdown under `docs`, with the scripts and styles of the entry `guide`. */
export function guide(root: string): Plugin {
  return {
    name: 'guide',
    apply: 'build',
    generateBundle(_options, bundle) {
      const entry = Object.values(bundle).find(
        (output) => output.type === 'chunk' && output.isEntry && output.name === 'guide',
      );
      if (entry?.type !== 'chunk') throw new Error('The bundle has no entry named guide');
      const styles = [...stylesOf(entry, bundle)];
      if (styles.length === 0) throw new Error('The guide has no styles');
      const assets: Assets = { script: entry.fileName, styles };
      const sources = readSources(root);
      const sections = sectionsOf(sources);
      for (const page of sources.pages) {
        const rendered = renderPage(page.text, (href) => targetOf(sources, page, href));
        const source = layoutPage(rendered, page.path, sections, assets);
        this.emitFile({ type: 'asset', fileName: `${page.path.slice(1)}.html`, source });
      }
      for (const [source, path] of sources.files)
        this.emitFile({
          type: 'asset',
          fileName: path.slice(1),
          source: readFileSync(join(root, source)),
        });
    },
  };
}

/** Those of the chunks that it imports come first, as its own rely on them. */
function stylesOf(chunk: Rolldown.OutputChunk, bundle: Rolldown.OutputBundle): ReadonlySet<string> {
  const inner = chunk.imports.flatMap((name) => {
    const imported = bundle[name];
    return imported?.type === 'chunk' ? [...stylesOf(imported, bundle)] : [];
  });
  return new Set([...inner, ...(chunk.viteMetadata?.importedCss ?? [])]);
}

function sectionsOf(sources: GuideSources): readonly GuideSection[] {
  const index = sources.pages.find(({ path }) => path === guidePath);
  if (index === undefined) throw new Error('The guide has no index');
  const pathOf = (href: string): string => {
    const target = targetOf(sources, index, href);
    if (target.kind === 'guide') return target.href;
    throw new Error(`The index lists ${href}, which is no page of the guide`);
  };
  const sections = readContents(index.text).map(({ name, entries }) => ({
    name,
    entries: entries.map(({ name: entry, href }) => ({ name: entry, path: pathOf(href) })),
  }));
  const listed = new Set(sections.flatMap(({ entries }) => entries.map(({ path }) => path)));
  const missing = sources.pages.filter((page: SourcePage) => page !== index && !listed.has(page.path));
  if (missing.length > 0)
    throw new Error(`The index does not list ${missing.map(({ source }) => source).join(', ')}`);
  return sections;
}
