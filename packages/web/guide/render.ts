import GithubSlugger from 'github-slugger';
import { Marked } from 'marked';
import type { Target } from './pages.ts';

export interface Heading {
  readonly depth: number;
  readonly anchor: string;
  readonly text: string;
}

export interface RenderedPage {
  readonly title: string;
  readonly headings: readonly Heading[];
  readonly html: string;
}

export const escapeHtml = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** The HTML of a page's Markdown: anchors like those of GitHub, no HTML of the page's own, nothing inline. */
export function renderPage(text: string, resolve: (href: string) => Target): RenderedPage {
  const slugger = new GithubSlugger();
  const headings: Heading[] = [];
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth }) {
        const words = this.parser.parseInline(tokens, this.parser.textRenderer);
        const anchor = slugger.slug(unescapeHtml(words));
        headings.push({ depth, anchor, text: words });
        const inner = this.parser.parseInline(tokens);
        return `<h${depth} id="${anchor}"><a href="#${anchor}">${inner}</a></h${depth}>\n`;
      },
      link({ href, tokens }) {
        const inner = this.parser.parseInline(tokens);
        const target = resolve(href);
        if (target.kind === 'guide') return `<a href="${escapeHtml(target.href)}">${inner}</a>`;
        const path = `<code>${escapeHtml(target.path)}</code>`;
        return inner.includes(target.path) ? path : `${inner} (${path})`;
      },
      code({ text: code, lang }) {
        const label = lang === undefined || lang === '' ? '' : ` data-language="${escapeHtml(lang)}"`;
        return `<div class="code"${label}><pre><code>${escapeHtml(code)}\n</code></pre></div>\n`;
      },
      table(token) {
        const row = (cells: string): string => `<tr>${cells}</tr>\n`;
        const head = row(
          token.header
            .map(({ tokens }) => this.parser.parseInline(tokens))
            .map((cell) => (cell === '' ? '<td></td>' : `<th scope="col">${cell}</th>`))
            .join(''),
        );
        const body = token.rows.map((cells) =>
          row(cells.map(({ tokens }) => `<td>${this.parser.parseInline(tokens)}</td>`).join('')),
        );
        return `<div class="table"><table><thead>${head}</thead><tbody>${body.join('')}</tbody></table></div>\n`;
      },
      html: () => '',
    },
  });
  const html = marked.parse(text, { async: false });
  const title = headings.find(({ depth }) => depth === 1)?.text;
  if (title === undefined) throw new Error(`A page has no title: ${text.slice(0, 80)}`);
  return { title, headings, html };
}

const unescapeHtml = (text: string): string =>
  text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
