import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Log } from '../../../domain/log.ts';

export interface ChildOptions {
  readonly directory: string;
  readonly socketPath: string;
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
  /** Resolves when it listens; never when it exits first. */
  readonly ready: Promise<void>;
  readonly exited: Promise<ChildExit>;
  kill(): void;
  /** Asks it to stop, and kills it when it has not after so many milliseconds. */
  stop(deadline: number): Promise<void>;
}

const lastWordsLength = 1000;

/** Starts the process that serves chDB on a socket (chdb-child/main.ts). */
export function startChild(options: ChildOptions): ChildProcess {
  const { directory, socketPath, readers, engineArguments, log } = options;
  const child = spawn(
    process.execPath,
    [childEntry(), directory, socketPath, String(readers), ...engineArguments],
    // Statements run on libuv's pool, one thread for as long as each runs.
    { stdio: ['pipe', 'pipe', 'pipe'], env: { PATH: '/usr/bin:/bin', TZ: 'UTC', UV_THREADPOOL_SIZE: '16' } },
  );
  let lastWords = '';
  let becomeReady = (): void => {};
  const ready = new Promise<void>((resolve) => {
    becomeReady = resolve;
  });
  const startTimer = setTimeout(() => child.kill('SIGKILL'), Math.max(options.deadline, 1));
  child.stdout.on('data', (text: Buffer) => {
    if (!text.toString().includes('ready')) return;
    clearTimeout(startTimer);
    becomeReady();
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

/** The compiled entry, also when this file itself runs from its source. */
function childEntry(): string {
  const here = import.meta.url;
  const compiled = here.endsWith('.ts') ? here.replace('/server/src/', '/server/dist/') : here;
  return fileURLToPath(new URL('./chdb-child/main.js', compiled));
}
