import { spawn } from 'node:child_process';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Log } from '../../../domain/log.ts';

export interface ChildOptions {
  readonly directory: string;
  /** Path of a Unix socket, or a TCP port of the loopback interface; 0 takes a free one. */
  readonly listen: string | number;
  readonly readers: number;
  readonly engineArguments: readonly string[];
  readonly log: Log;
  /** Milliseconds until it must listen; killed when it does not. */
  readonly deadline: number;
}

export interface ChildExit {
  readonly code: number | null;
  readonly signal: string | null;
  /** The last that it wrote to standard error. */
  readonly lastWords: string;
}

export interface ChildProcess {
  readonly pid: number | undefined;
  /** Resolves when it listens, with the port when it listens on one; never when it exits first. */
  readonly ready: Promise<number | null>;
  readonly exited: Promise<ChildExit>;
  kill(): void;
  /** Asks it to stop, and kills it when it has not after so many milliseconds. */
  stop(deadline: number): Promise<void>;
}

/** Of Unix priorities, 0 as every process and 19 the lowest. */
const childNiceness = 5;
const lastWordsLength = 1000;

/** Starts the process that serves chDB on a socket (chdb-child/main.ts). */
export function startChild(options: ChildOptions): ChildProcess {
  const { directory, listen, readers, engineArguments, log } = options;
  const child = spawn(
    process.execPath,
    [childEntry(), directory, String(listen), String(readers), ...engineArguments],
    // Statements run on libuv's pool, one thread for as long as each runs.
    { stdio: ['pipe', 'pipe', 'pipe'], env: { PATH: '/usr/bin:/bin', TZ: 'UTC', UV_THREADPOOL_SIZE: '16' } },
  );
  yieldToParent(child.pid);
  let lastWords = '';
  let becomeReady = (_port: number | null): void => {};
  const ready = new Promise<number | null>((resolve) => {
    becomeReady = resolve;
  });
  const startTimer = setTimeout(() => child.kill('SIGKILL'), Math.max(options.deadline, 1));
  child.stdout.on('data', (text: Buffer) => {
    const said = /ready(?: ([0-9]+))?\n/.exec(text.toString());
    if (said === null) return;
    clearTimeout(startTimer);
    becomeReady(said[1] === undefined ? null : Number(said[1]));
  });
  child.stderr.on('data', (text: Buffer) => {
    lastWords = (lastWords + text.toString()).slice(-lastWordsLength);
    log.warning('The embedded ClickHouse wrote to standard error', { text: text.toString().trimEnd() });
  });
  // Writing to a process that is gone is told by its exit.
  child.stdin.on('error', () => {});
  const exited = new Promise<ChildExit>((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, lastWords: error.message }));
    child.once('close', (code, signal) => {
      clearTimeout(startTimer);
      resolve({ code, signal, lastWords: lastWords.trim() });
    });
  });
  return {
    pid: child.pid,
    ready,
    exited,
    kill: () => {
      child.kill('SIGKILL');
    },
    async stop(deadline) {
      child.stdin.write('stop\n');
      const timer = setTimeout(() => child.kill('SIGKILL'), deadline);
      await exited;
      clearTimeout(timer);
    },
  };
}

/**
 * Where both want the same core, answering comes before storing and querying: the slowest of a hundred acknowledgements
 * beside full inserts took 31 ms without this and 22 ms with it.
 */
function yieldToParent(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    os.setPriority(pid, childNiceness);
  } catch {
    // It died already, which its exit tells, or the system does not let priorities be set.
  }
}

/** The compiled entry, also when this file itself runs from its source. */
function childEntry(): string {
  const here = import.meta.url;
  const compiled = here.endsWith('.ts') ? here.replace('/server/src/', '/server/dist/') : here;
  return fileURLToPath(new URL('./chdb-child/main.js', compiled));
}
