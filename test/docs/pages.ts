import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lexer, type Token, walkTokens } from 'marked';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Page {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  readonly text: string;
  /** Every part of it, however deep. */
  readonly tokens: readonly Token[];
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === 'node_modules' || entry.name.startsWith('.') || entry.name === 'dist') return [];
    const path = join(directory, entry.name);
    return entry.isDirectory() ? filesBelow(path) : path.endsWith('.md') ? [path] : [];
  });
}

/** Every page of the repository. */
export function readPages(): Page[] {
  return filesBelow(root).map((file) => {
    const text = readFileSync(file, 'utf8');
    const tokens: Token[] = [];
    walkTokens(lexer(text), (token) => void tokens.push(token));
    return { path: relative(root, file).split(sep).join('/'), text, tokens };
  });
}

/** The code of a page in a language, as it stands between its fences. */
export const blocksOf = (page: Page, language: string): string[] =>
  page.tokens.flatMap((token) => (token.type === 'code' && token.lang === language ? [token.text] : []));

/** What stands in backquotes within text. */
export const codeSpansOf = (page: Page): string[] =>
  page.tokens.flatMap((token) => (token.type === 'codespan' ? [token.text] : []));
