const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  "'": "\\'",
  '\0': '\\0',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/** A string literal of ClickHouse: nothing in the text can end it. */
export function stringLiteral(text: string): string {
  return `'${text.replace(/[\\'\0\b\f\n\r\t]/g, (character) => escapes[character] ?? character)}'`;
}

/** A quoted identifier of ClickHouse. */
export function quotedIdentifier(text: string): string {
  return `\`${text.replace(/[\\`]/g, (character) => `\\${character}`)}\``;
}
