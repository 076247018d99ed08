import { existsSync } from 'node:fs';
import { loadProcessConfig } from '../config/process.ts';
import { recordsFile } from '../data-files.ts';
import { administratorNotice } from '../greeting.ts';
import { createLog } from '../observability/log.ts';
import type { ConnectOptions } from './cli-connection.ts';
import type { ConnectDependencies } from './connection.ts';

/** Time for what is under way when a command ends, milliseconds. */
const stopDeadlineMs = 25_000;

const load = ({ config, dataDir }: ConnectOptions) => loadProcessConfig(config, { data_dir: dataDir }).config;

/** How commands find the embedded data, and open it when no server runs on it. */
export function createLocalAccess(note: (line: string) => void): ConnectDependencies {
  return {
    dataDirectory: (options) => load(options).dataDir,
    hasData: (options) => existsSync(recordsFile(load(options).dataDir)),
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
        listen: [],
        onAdministrator: (administrator) => note(administratorNotice(administrator)),
      });
      return {
        socketPath: app.socketPath,
        async close() {
          await app.stop(stopDeadlineMs);
        },
      };
    },
  };
}
