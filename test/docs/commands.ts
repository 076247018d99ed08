import { PassThrough } from 'node:stream';
import { runCli } from '../../packages/server/src/cli/main.ts';

const helps = new Map<string, Promise<string>>();

/** What `--help` prints of a command. */
function helpOf(path: readonly string[]): Promise<string> {
  const key = path.join(' ');
  const known = helps.get(key) ?? printHelp(path);
  helps.set(key, known);
  return known;
}

async function printHelp(path: readonly string[]): Promise<string> {
  const stdout = new PassThrough();
  let text = '';
  stdout.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const stderr = new PassThrough().resume();
  const code = await runCli([...path, '--help'], { stdin: new PassThrough(), stdout, stderr, once() {} });
  if (code !== 0) throw new Error(`streamflow ${path.join(' ')} --help ended with ${code}`);
  return text;
}

const commandsIn = (help: string): string[] =>
  [...(help.split('\nCommands:\n')[1] ?? '').matchAll(/^ {2}([a-z]+)/gm)].map(([, name = '']) => name);

/** What is wrong with the words after `streamflow`; null when there is such a command with such flags. */
export async function commandFault(words: readonly string[]): Promise<string | null> {
  const path: string[] = [];
  for (const word of words) {
    const inner = commandsIn(await helpOf(path));
    if (inner.length === 0 || word.startsWith('-')) break;
    if (!inner.includes(word)) return `streamflow ${words.join(' ')}: there is no command ${word}`;
    path.push(word);
  }
  const help = await helpOf(path);
  const unknown = words
    .slice(path.length)
    .filter((word) => /^--?[a-z]/.test(word))
    .map((word) => word.split('=')[0] ?? word)
    .find((flag) => !new RegExp(`(?:^|[\\s,])${flag}(?![\\w-])`, 'm').test(help));
  return unknown === undefined ? null : `streamflow ${words.join(' ')}: there is no flag ${unknown}`;
}
