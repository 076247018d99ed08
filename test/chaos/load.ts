import { fileURLToPath } from 'node:url';
import type { LoadCommand, LoadOptions, LoadState } from './load-options.ts';
import { type OwnedProcess, startProcess } from './owned-process.ts';
import { until } from './timing.ts';

const program = fileURLToPath(new URL('./load-process.js', import.meta.url));

/** The load generator, from the side of the run. */
export interface Load {
  readonly state: () => LoadState;
  /** Sends on, for this fault from now on. */
  run(fault: string): Promise<void>;
  /** Lets every request be answered; false when some are not in so many milliseconds. */
  drain(withinMs: number): Promise<boolean>;
  /** Sends requests again that were acknowledged; false when they are not again in so many milliseconds. */
  repeat(requests: number, withinMs: number): Promise<boolean>;
  end(): Promise<void>;
}

export async function startLoad(options: LoadOptions, logFile: string): Promise<Load> {
  const owned: OwnedProcess = startProcess(process.execPath, [program, JSON.stringify(options)], {
    logFile,
    ipc: true,
  });
  let state: LoadState | null = null;
  owned.child.on('message', (told: LoadState) => {
    state = told;
  });
  const current = (): LoadState => {
    if (owned.hasExited()) throw new Error(`The load generator ended; see ${logFile}`);
    if (state === null) throw new Error('The load generator has not told anything yet');
    return state;
  };
  const command = (given: LoadCommand): void => void owned.child.send(given);
  if (!(await until(10_000, () => state !== null))) throw new Error('The load generator does not start');

  return {
    state: current,
    async run(fault) {
      command({ command: 'fault', name: fault });
      command({ command: 'resume' });
      await until(5000, () => !current().paused);
    },
    async drain(withinMs) {
      command({ command: 'pause' });
      return until(withinMs, () => current().paused && current().open === 0);
    },
    async repeat(requests, withinMs) {
      command({ command: 'repeat', requests });
      await until(5000, () => current().repeating > 0);
      return until(withinMs, () => current().repeating === 0);
    },
    async end() {
      if (!owned.hasExited()) command({ command: 'end' });
      await owned.end('SIGTERM', 5000);
    },
  };
}
