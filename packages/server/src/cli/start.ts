import { type ServiceName, serviceNames } from '@streamflow/contracts';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { ConnectOptions } from './cli-connection.ts';

interface StartFlags extends Pick<ConnectOptions, 'config' | 'dataDir'> {
  readonly host?: string;
  readonly set: Readonly<Record<string, string>>;
  readonly json?: boolean;
}

/** What a start is asked for: services (all unless given), the configuration file, and settings by dotted key. */
export interface StartRequest {
  readonly services?: readonly ServiceName[];
  readonly configFile?: string;
  readonly flags: Readonly<Record<string, string | undefined>>;
}

const explanation = `
Services: ${serviceNames.join(', ')}; all of them in one process unless some are named.

  streamflow start
  streamflow start ingestion storage --set services.ingestion.port=9001

streamflow config show lists the settings.`;

/** `streamflow start`: runs services until the process is told to end. */
export function startCommand(start: (request: StartRequest) => Promise<void>): Command {
  return new Command('start')
    .description('start the services')
    .argument('[services...]', 'which services', serviceArgument)
    .option('--host <address>', 'address to listen on')
    .addOption(
      new Option('--set <key=value>', 'a setting, repeatable').default({}, 'none').argParser(settingArgument),
    )
    .option('--json', 'log as JSON')
    .addHelpText('after', explanation)
    .action(async (services: readonly ServiceName[], _: unknown, self: Command) => {
      const { config, dataDir, host, set, json }: StartFlags = self.optsWithGlobals();
      await start({
        ...(services.length === 0 ? {} : { services }),
        ...(config === undefined ? {} : { configFile: config }),
        flags: {
          ...set,
          data_dir: dataDir ?? set.data_dir,
          'server.host': host ?? set['server.host'],
          'monitoring.logging.format': json === true ? 'json' : set['monitoring.logging.format'],
        },
      });
    });
}

export function serviceArgument(text: string, before: readonly ServiceName[] = []): readonly ServiceName[] {
  const service = serviceNames.find((name) => name === text);
  if (service === undefined) throw new InvalidArgumentError(`expected ${serviceNames.join(', ')}`);
  return before.includes(service) ? before : [...before, service];
}

function settingArgument(
  text: string,
  before: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const [, key, value] = /^([a-z0-9_.]+)=(.*)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined)
    throw new InvalidArgumentError('expected key=value, for example services.ingestion.port=9001');
  return { ...before, [key]: value };
}
