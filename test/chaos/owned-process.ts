import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that this run has started, and ends by its pid. */
export interface OwnedProcess {
  readonly pid: number;
  readonly child: ChildProcess;
  readonly exited: Promise<Exit>;
  readonly hasExited: () => boolean;
  signal(signal: NodeJS.Signals): void;
  /** The signal, and SIGKILL when the process is still there after so many milliseconds. */
  end(signal: NodeJS.Signals, withinMs: number): Promise<Exit>;
}

const running = new Set<OwnedProcess>();

/** Starts a process whose output is added to a file. */
export function startProcess(
  command: string,
  args: readonly string[],
  { logFile, ...options }: Omit<SpawnOptions, 'stdio'> & { logFile: string; ipc?: boolean },
): OwnedProcess {
  const output = openSync(logFile, 'a');
  const child = spawn(command, args, {
    ...options,
    stdio: ['ignore', output, output, ...(options.ipc === true ? (['ipc'] as const) : [])],
  });
  closeSync(output);
  const { pid } = child;
  if (pid === undefined) {
    child.on('error', () => {});
    throw new Error(`${command} cannot be started`);
  }
  let hasExited = false;
  const exited = new Promise<Exit>((resolve) => {
    child.once('exit', (code, signal) => {
      hasExited = true;
      running.delete(owned);
      resolve({ code, signal });
    });
  });
  const owned: OwnedProcess = {
    pid,
    child,
    exited,
    hasExited: () => hasExited,
    signal(signal) {
      if (!hasExited) child.kill(signal);
    },
    async end(signal, withinMs) {
      owned.signal(signal);
      // A process that is stopped takes SIGTERM only when it goes on.
      owned.signal('SIGCONT');
      const timer = setTimeout(() => owned.signal('SIGKILL'), withinMs);
      const exit = await exited;
      clearTimeout(timer);
      return exit;
    },
  };
  running.add(owned);
  return owned;
}

/** For the last resort: nothing that was started outlives this process. */
export function killAllAtExit(): void {
  process.on('exit', () => {
    for (const owned of running) {
      for (const pid of descendantsOf(owned.pid)) quietlySignal(pid, 'SIGKILL');
      owned.signal('SIGKILL');
    }
  });
}

/** Pids of the children of a process and of theirs. */
export function descendantsOf(pid: number): number[] {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  } catch {
    // Gone in the meantime.
    return [];
  }
  const children = text
    .split(' ')
    .map(Number)
    .filter((child) => child > 0);
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

/** False when there is no such process any more. */
export function quietlySignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** How the process was started; empty when it is gone. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
