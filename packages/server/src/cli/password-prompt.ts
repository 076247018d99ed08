import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { ReadStream } from 'node:tty';
import { StreamFlowError } from '../domain/errors.ts';
import type { Terminal } from './terminal.ts';

/** More than any password that is accepted, and few enough to hold. */
const maxInputBytes = 16_384;

/** A new password: from standard input when it is said to be there, else asked for twice, without echo. */
export async function readNewPassword(terminal: Terminal, fromStdin: boolean): Promise<string> {
  if (fromStdin) return readFirstLine(terminal);
  const { stdin } = terminal;
  if (!(stdin instanceof ReadStream))
    throw new StreamFlowError(
      'BadRequest',
      'There is no terminal to ask for the password; use --password-stdin',
    );
  const password = await ask(stdin, terminal, 'New password: ');
  if ((await ask(stdin, terminal, 'The same again: ')) === password) return password;
  throw new StreamFlowError('BadRequest', 'The two passwords are not the same');
}

async function readFirstLine({ stdin }: Terminal): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    const bytes = Buffer.from(chunk);
    chunks.push(bytes);
    size += bytes.length;
    if (bytes.includes('\n') || size > maxInputBytes) break;
  }
  const [line = ''] = Buffer.concat(chunks).toString('utf8').split('\n', 1);
  const password = line.replace(/\r$/, '');
  if (password === '') throw new StreamFlowError('BadRequest', 'There is no password on standard input');
  return password;
}

/** Asks on the terminal; what is typed goes to an editor whose screen nobody sees. */
function ask(input: ReadStream, terminal: Terminal, question: string): Promise<string> {
  const unseen = new Writable({ write: (_chunk, _encoding, done) => done() });
  const editor = createInterface({ input, output: unseen, terminal: true, historySize: 0 });
  if (terminal.screen === undefined) terminal.note(question);
  else terminal.screen.write(question);
  return new Promise<string>((resolve, reject) => {
    editor.once('line', resolve);
    editor.once('SIGINT', () => reject(new StreamFlowError('BadRequest', 'Interrupted')));
    editor.once('close', () => reject(new StreamFlowError('BadRequest', 'There is no password')));
  }).finally(() => {
    editor.close();
    // The line feed that was typed was not seen either.
    terminal.screen?.write('\n');
  });
}
