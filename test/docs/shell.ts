/** One command of a shell: its words, without quotes. */
export type ShellCommand = readonly string[];

const separators = new Set(['\n', ';', '|', '&', '(', ')']);

/**
 * The commands of a piece of shell code, those inside `$(…)` among them: as much of the language as the documentation
 * uses. `bash -n` is what checks the syntax.
 */
export function shellCommands(code: string): ShellCommand[] {
  const commands: ShellCommand[] = [];
  let words: string[] = [];
  let word: string | null = null;
  const endWord = (): void => {
    if (word !== null) words.push(word);
    word = null;
  };
  const endCommand = (): void => {
    endWord();
    if (words.length > 0) commands.push(words);
    words = [];
  };
  for (let at = 0; at < code.length; at += 1) {
    const character = code.charAt(at);
    if (character === '\\') {
      at += 1;
      if (code.charAt(at) !== '\n') word = (word ?? '') + code.charAt(at);
    } else if (character === "'") {
      const end = code.indexOf("'", at + 1);
      word = (word ?? '') + code.slice(at + 1, end);
      at = end;
    } else if (character === '"') {
      const end = /(?<!\\)"/.exec(code.slice(at + 1))?.index ?? 0;
      word = (word ?? '') + code.slice(at + 1, at + 1 + end).replaceAll('\\"', '"');
      at += 1 + end;
    } else if (character === '$' && code.charAt(at + 1) === '(') {
      const end = closing(code, at + 1);
      commands.push(...shellCommands(code.slice(at + 2, end)));
      word = `${word ?? ''}$()`;
      at = end;
    } else if (character === '#' && word === null) {
      const end = code.indexOf('\n', at);
      at = end < 0 ? code.length : end - 1;
    } else if (separators.has(character)) endCommand();
    else if (character === ' ') endWord();
    else word = (word ?? '') + character;
  }
  endCommand();
  return commands;
}

/** Where the bracket that opens at a position is closed, quotes respected. */
function closing(code: string, open: number): number {
  let depth = 0;
  for (let at = open; at < code.length; at += 1) {
    const character = code.charAt(at);
    if (character === "'") at = code.indexOf("'", at + 1);
    else if (character === '(') depth += 1;
    else if (character === ')') {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  throw new Error(`A bracket is not closed: ${code.slice(open)}`);
}

/** Without what stands before the program: `export`, assignments, `npx`. */
export function programOf(words: ShellCommand): ShellCommand {
  const first = words.findIndex((word) => !/^(?:export|npx|exec)$|^[A-Za-z_]\w*=/.test(word));
  return first < 0 ? [] : words.slice(first);
}
