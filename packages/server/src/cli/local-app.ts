import { existsSync } from 'node:fs';
import { loadProcessConfig } from '../config/process.ts';
import { dataFiles } from '../data-files.ts';
import { administratorNotice } from '../greeting.ts';
import { createLog } from '../observability/log.ts';
import type { ConnectOptions } from './cli-connection.ts';
import type { ConnectDependencies } from './connection.ts';

/** Time for what is under way when a command ends, milliseconds. */
const stopDeadlineMs = 25_000;

const load = ({ config, dataDir }: ConnectOptions) => loadProcessConfig(config, { data_dir: dataDir }).config;

/** How commands find the data, and open it when no server runs on it or the servers of the configuration keep it. */
export function createLocalAccess(note: (line: string) => void): ConnectDependencies {
  return {
    localData(options) {
      const { keepsData, dataDir: directory } = load(options);
      if (!keepsData) return null;
      const { records, events, bus } = dataFiles(directory);
      return { directory, exists: [records, events, bus].some((path) => existsSync(path)) };
    },
    async openLocalApp(options) {
      // Loaded only when it is needed: most commands find a server running, and then the app is a slow way to start.
      const { startApp } = await import('../app.ts');
      const log = createLog({
        level: 'WARNING',
        format: 'text',
        service: 'command line',
        // Standard output is the command's result.
        destination: { write: (line) => note(line.trimEnd()) },
      });
      const app = await startApp({
        config: load(options),
        log,
        run: 'command',
        onAdministrator: (administrator) => note(administratorNotice(administrator)),
      });
      const { socketPath } = app;
      if (socketPath === null) throw new Error('A command has no socket of its own');
      return {
        socketPath,
        async close() {
          await app.stop(stopDeadlineMs);
        },
      };
    },
  };
}
