import { existsSync, readFileSync } from 'node:fs';
import { type LoadedConfig, loadConfig } from './load.ts';

/**
 * The configuration of this process: its environment, the file that is named or stands in the working directory, and
 * flags by the dotted key of what they set. Throws ConfigError.
 */
export function loadProcessConfig(
  configFile?: string,
  flags: Readonly<Record<string, string | undefined>> = {},
): LoadedConfig {
  return loadConfig({
    env: process.env,
    cwd: process.cwd(),
    configFile,
    flags,
    readFile: (path) => (existsSync(path) ? readFileSync(path, 'utf8') : null),
  });
}
