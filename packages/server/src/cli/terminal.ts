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
  readonly screen: Writable | undefined;
  /** Characters a line of the result may have; undefined when no person looks at it. */
  readonly columns: number | undefined;
  /**
   * Aborted when the person interrupts, or nobody reads the result any more. A command that never asks for it is ended
   * by a signal as any process.
   */
  readonly interrupted: AbortSignal;
  /** The command did what it could, and that was not all: exit code 1 unless another is given. */
  fail(exitCode?: number): void;
}

/** The part of `process` that a terminal is made of. */
export interface ProcessStreams {
  readonly stdin: Readable;
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  once(signal: 'SIGINT' | 'SIGTERM', listener: () => void): unknown;
}

export function createTerminal(
  process: ProcessStreams,
  onFail: (exitCode: number | undefined) => void,
): Terminal {
  const { stdin, stdout, stderr } = process;
  const abort = new AbortController();
  let listening = false;
  // A pipe that its reader closed (`| head`) ends the command, not with an exception.
  stdout.on('error', () => abort.abort());
  return {
    stdin,
    async print(line) {
      if (stdout.destroyed || stdout.write(`${line}\n`)) return;
      await Promise.race([once(stdout, 'drain'), once(stdout, 'close')]);
    },
    note: (line) => void stderr.write(`${line}\n`),
    screen: stderr.isTTY === true ? stderr : undefined,
    columns: stdout.isTTY === true ? stdout.columns : undefined,
    get interrupted() {
      if (!listening) {
        listening = true;
        process.once('SIGINT', () => abort.abort());
        process.once('SIGTERM', () => abort.abort());
      }
      return abort.signal;
    },
    fail: onFail,
  };
}
