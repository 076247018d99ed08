import { guidePath } from './pages.ts';
import { escapeHtml, type Heading, type RenderedPage } from './render.ts';

export interface GuideSection {
  readonly name: string;
  readonly entries: readonly { readonly name: string; readonly path: string }[];
}

export interface Assets {
  readonly script: string;
  readonly styles: readonly string[];
}

/** A whole page: what it says, then the contents, which stand beside it where there is room. */
export function layoutPage(
  page: RenderedPage,
  path: string,
  sections: readonly GuideSection[],
  { script, styles }: Assets,
): string {
  const title = path === guidePath ? 'StreamFlow guide' : `${page.title} · StreamFlow guide`;
  return `<!doctype html>
<html lang="en" data-theme="light">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<link rel="icon" type="image/svg+xml" href="/icon.svg">
${styles.map((href) => `<link rel="stylesheet" href="/${href}">`).join('\n')}
<script src="/theme.js"></script>
<script type="module" src="/${script}"></script>
</head>
<body>
<header class="guide-bar">
<a class="brand" href="${guidePath}"><img alt="" height="24" src="/icon.svg" width="24"><span><span class="product">StreamFlow </span>Guide</span></a>
<span class="grow"></span>
<a class="to-contents" href="#contents">Contents</a>
<button class="theme" hidden type="button">Theme</button>
<a href="/">Dashboard</a>
</header>
<div class="guide">
<main id="content">
${page.html}${neighbours(path, sections)}</main>
<nav aria-label="Contents" id="contents">
${sections.map((section) => sectionHtml(section, path, page.headings)).join('\n')}
</nav>
</div>
</body>
</html>
`;
}

function sectionHtml({ name, entries }: GuideSection, path: string, headings: readonly Heading[]): string {
  const items = entries.map((entry) => {
    const here = entry.path === path;
    const parts = here ? headings.filter(({ depth }) => depth === 2) : [];
    const inner =
      parts.length === 0
        ? ''
        : `<ul class="parts">${parts.map(({ anchor, text }) => `<li><a href="#${anchor}">${text}</a></li>`).join('')}</ul>`;
    return `<li><a${here ? ' aria-current="page"' : ''} href="${entry.path}">${escapeHtml(entry.name)}</a>${inner}</li>`;
  });
  return `<h2>${escapeHtml(name)}</h2>\n<ul>${items.join('\n')}</ul>`;
}

/** The pages before and after, in the order of the contents. */
function neighbours(path: string, sections: readonly GuideSection[]): string {
  const all = sections.flatMap(({ entries }) => entries);
  const at = all.findIndex((entry) => entry.path === path);
  const before = at > 0 ? all[at - 1] : undefined;
  const after = all[at + 1];
  const links = [
    before === undefined ? '' : `<a href="${before.path}" rel="prev">← ${escapeHtml(before.name)}</a>`,
    after === undefined ? '' : `<a href="${after.path}" rel="next">${escapeHtml(after.name)} →</a>`,
  ];
  return `<footer class="neighbours">${links.join('')}</footer>\n`;
}
