import { type ServiceName, serviceNames } from '@streamflow/contracts';
import { Command } from 'commander';
import { ConfigError, type LoadedConfig } from '../config/load.ts';
import { loadProcessConfig } from '../config/process.ts';
import { Secret } from '../config/secret.ts';
import { listSettings } from '../config/setting-list.ts';
import { startProblems } from '../config/start-problems.ts';
import { serviceArgument } from './start.ts';

interface ConfigFlags {
  readonly config?: string;
  readonly dataDir?: string;
  readonly json?: boolean;
}

/** `streamflow config check|show`: what the server would start with, without starting it. */
export function configCommand(): Command {
  const command = new Command('config').description('check and show the configuration');
  command
    .command('check')
    .description(
      'say whether the services can start with the configuration, and everything that is wrong with it',
    )
    .argument('[services...]', 'which services', serviceArgument)
    .option('--config <file>', 'configuration file')
    .option('--json', 'print JSON')
    .action((services: readonly ServiceName[], _options: ConfigFlags, self: Command) =>
      check(self.optsWithGlobals<ConfigFlags>(), services.length === 0 ? serviceNames : services),
    );
  command
    .command('show')
    .description('print every setting with its value and where that comes from; secrets are masked')
    .option('--config <file>', 'configuration file')
    .option('--json', 'print JSON')
    .action((_options: ConfigFlags, self: Command) => show(self.optsWithGlobals<ConfigFlags>()));
  return command;
}

function check(flags: ConfigFlags, services: readonly ServiceName[]): void {
  const result = attempt(flags, services);
  if (result instanceof ConfigError) {
    process.exitCode = 1;
    if (flags.json) console.log(JSON.stringify({ ok: false, problems: result.problems }, null, 2));
    else console.error(result.message);
    return;
  }
  const { warnings, file, config } = result;
  if (flags.json) {
    console.log(JSON.stringify({ ok: true, file, shape: config.shape, warnings }, null, 2));
    return;
  }
  console.log(`The configuration is good: ${file ?? 'no file'}, ${config.shape} engines.`);
  for (const warning of warnings) console.log(`Warning: ${warning}`);
}

function show(flags: ConfigFlags): void {
  const result = attempt(flags);
  if (result instanceof ConfigError) {
    process.exitCode = 1;
    console.error(result.message);
    return;
  }
  const rows = listSettings().map(({ key, setting }) => ({
    key,
    value: shown(valueAt(result.config, key)),
    source: result.sources.get(key) ?? 'default',
    env: setting.env,
  }));
  if (flags.json) {
    console.log(JSON.stringify({ file: result.file, shape: result.config.shape, settings: rows }, null, 2));
    return;
  }
  const width = Math.max(...rows.map(({ key }) => key.length));
  for (const { key, value, source } of rows)
    console.log(`${key.padEnd(width)}  ${value === null ? '-' : JSON.stringify(value)}  (${source})`);
}

/** The configuration, or all that is wrong with it; with services, also what keeps them from starting. */
function attempt(flags: ConfigFlags, services?: readonly ServiceName[]): LoadedConfig | ConfigError {
  try {
    const loaded = loadProcessConfig(flags.config, { data_dir: flags.dataDir });
    const problems = services === undefined ? [] : startProblems(loaded, services);
    return problems.length === 0 ? loaded : new ConfigError(problems);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

const shown = (value: unknown): unknown => (value instanceof Secret ? value.mask : value);

function valueAt(config: object, key: string): unknown {
  let value: unknown = config;
  for (const name of key.split('.'))
    value = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return value;
}
