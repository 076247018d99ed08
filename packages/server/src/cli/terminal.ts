import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';

/** Where a command reads and writes. */
export interface Terminal {
  readonly stdin: Readable;
  /** Writes a line of the result; resolves when there is room for more. */
  print(line: string): Promise<void>;
  /** Writes a line about the work, apart from the result. */
  note(line: string): void;
  /** The stream of notes, when a person looks at it. */
  readonly screen: NodeJS.WriteStream | undefined;
  /** Aborted when the person interrupts. */
  readonly interrupted: AbortSignal;
}

export function createTerminal(
  process: { readonly stdin: Readable; readonly stdout: Writable; readonly stderr: NodeJS.WriteStream },
  interrupted: AbortSignal,
): Terminal {
  const { stdin, stdout, stderr } = process;
  return {
    stdin,
    async print(line) {
      if (stdout.destroyed || stdout.write(`${line}\n`)) return;
      await Promise.race([once(stdout, 'drain'), once(stdout, 'close')]);
    },
    note: (line) => void stderr.write(`${line}\n`),
    screen: stderr.isTTY ? stderr : undefined,
    interrupted,
  };
}
