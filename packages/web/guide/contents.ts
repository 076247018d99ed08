import { lexer, type Token, walkTokens } from 'marked';

export interface Section {
  readonly name: string;
  readonly entries: readonly { readonly name: string; readonly href: string }[];
}

/** The order in which the guide is read, from its index: a heading a section, a link a page. */
export function readContents(index: string): readonly Section[] {
  const sections: { name: string; entries: { name: string; href: string }[] }[] = [];
  walkTokens(lexer(index), (token: Token) => {
    if (token.type === 'heading' && token.depth === 2) sections.push({ name: token.text, entries: [] });
    if (token.type === 'link') sections.at(-1)?.entries.push({ name: token.text, href: token.href });
  });
  return sections;
}
