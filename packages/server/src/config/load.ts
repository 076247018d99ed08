import { isAbsolute, resolve } from 'node:path';
import { Compile } from 'typebox/compile';
import { type ConfigValues, configSchema } from './schema.ts';
import { checkSecrets } from './secrets-policy.ts';
import { type KeyedSetting, listSettings } from './setting-list.ts';
import {
  type Given,
  type Problem,
  readEnvironment,
  readFlags,
  readYaml,
  type SourceResult,
} from './sources.ts';
import { effectWarnings } from './warnings.ts';

/** The configuration of a process: what is set, and what follows from it. */
export interface Config extends ConfigValues {
  /** `embedded` when no server is named: no RabbitMQ, database, ClickHouse or Redis. */
  readonly shape: 'embedded' | 'server';
  /** Which implementation each port has, which follows from the servers that are named. */
  readonly engines: EngineChoice;
  /** Whether any engine keeps its data in the data directory, which then belongs to one process. */
  readonly keepsData: boolean;
  /** Address to listen on: `server.host`, or what fits the shape. */
  readonly host: string;
  /** `data_dir` as an absolute path. */
  readonly dataDir: string;
  /** Where traces go, OTLP over HTTP; null when none are sent. */
  readonly traceEndpoint: string | null;
}

export interface EngineChoice {
  readonly bus: 'segment-log' | 'rabbitmq';
  readonly events: 'embedded-clickhouse' | 'clickhouse' | 'postgres';
  readonly records: 'sqlite' | 'postgres';
  readonly rateLimiter: 'memory' | 'redis';
}

export interface LoadedConfig {
  readonly config: Config;
  /** Sentences about settings that have no effect, or not the one that was expected. */
  readonly warnings: readonly string[];
  /** Where each key that is not at its default was set. */
  readonly sources: ReadonlyMap<string, string>;
  /** The configuration file that was read; null for none. */
  readonly file: string | null;
}

export interface LoadOptions {
  /** Values by dotted key, of flags; they win over everything. */
  readonly flags?: Readonly<Record<string, string | undefined>>;
  /** `--config`. */
  readonly configFile?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Reads a text file; null when there is none. */
  readonly readFile: (path: string) => string | null;
}

/** The configuration cannot be used; says everything that is wrong with it at once. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const lines = problems.map(
      ({ key, source, message }) => `  ${key === '' ? '' : `${key} `}${message} (${source})`,
    );
    super(`The configuration cannot be used:\n${lines.join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

const check = Compile(configSchema);

/** Defaults, then config.yaml, then the environment, then flags. Throws ConfigError with all problems. */
export function loadConfig(options: LoadOptions): LoadedConfig {
  const settings = listSettings();
  const problems: Problem[] = [];
  const { file, content } = findFile(options, problems);
  const layers: SourceResult[] = [
    ...(file === null || content === null ? [] : [readYaml(file, content, settings)]),
    readEnvironment(options.env, settings),
    readFlags(options.flags ?? {}, settings),
  ];
  for (const layer of layers) problems.push(...layer.problems);

  const given = new Map<string, Given>();
  for (const layer of layers) for (const [key, value] of layer.given) given.set(key, value);
  const values = readValues(settings, given, problems);
  if (!check.Check(values)) {
    if (problems.length > 0) throw new ConfigError(problems);
    throw new Error(`The defaults do not fit the schema: ${check.Errors(values)[0]?.instancePath}`);
  }

  const servers = [values.rabbitmq.url, values.database.url, values.clickhouse.url, values.redis.url];
  const shape = servers.every((url) => url === null) ? 'embedded' : 'server';
  const secrets = checkSecrets(values, shape, given);
  problems.push(...secrets.problems, ...checkTesting(values, given));
  if (problems.length > 0) throw new ConfigError(problems);

  const effects = effectWarnings(values, settings, given);
  const engines = chooseEngines(values);
  const config: Config = {
    ...values,
    shape,
    engines,
    keepsData:
      engines.bus === 'segment-log' ||
      engines.events === 'embedded-clickhouse' ||
      engines.records === 'sqlite',
    host: values.server.host ?? (shape === 'embedded' ? '127.0.0.1' : '0.0.0.0'),
    dataDir: isAbsolute(values.data_dir) ? values.data_dir : resolve(options.cwd, values.data_dir),
    traceEndpoint: effects.traceEndpoint,
  };
  return {
    config,
    warnings: [...layers.flatMap((layer) => layer.warnings), ...secrets.warnings, ...effects.warnings],
    sources: new Map([...given].map(([key, { source }]) => [key, source])),
    file,
  };
}

/** What makes a process die on purpose has no place but in a test. */
function checkTesting(values: ConfigValues, given: ReadonlyMap<string, Given>): Problem[] {
  const key = 'testing.crash_point';
  if (values.testing.crash_point === null || values.app.environment === 'test') return [];
  const source = given.get(key)?.source ?? 'default';
  return [{ key, source, message: 'kills the process and needs app.environment (ENVIRONMENT) to be test' }];
}

function chooseEngines({ rabbitmq, database, clickhouse, redis }: ConfigValues): EngineChoice {
  const withDatabase = database.url !== null;
  return {
    bus: rabbitmq.url === null ? 'segment-log' : 'rabbitmq',
    events: clickhouse.url !== null ? 'clickhouse' : withDatabase ? 'postgres' : 'embedded-clickhouse',
    records: withDatabase ? 'postgres' : 'sqlite',
    rateLimiter: redis.url === null ? 'memory' : 'redis',
  };
}

function findFile(
  options: LoadOptions,
  problems: Problem[],
): { file: string | null; content: string | null } {
  const named = options.configFile ?? (options.env.STREAMFLOW_CONFIG || undefined);
  const file = resolve(options.cwd, named ?? 'config.yaml');
  const content = options.readFile(file);
  if (content !== null) return { file, content };
  if (named !== undefined)
    problems.push({
      key: '',
      source: options.configFile === undefined ? 'environment variable STREAMFLOW_CONFIG' : 'flag --config',
      message: `There is no file ${file}`,
    });
  return { file: null, content: null };
}

/** Values in the form of the schema; what cannot be read is a problem and stays at its default. */
function readValues(
  settings: readonly KeyedSetting[],
  given: ReadonlyMap<string, Given>,
  problems: Problem[],
): unknown {
  const root: Record<string, unknown> = {};
  for (const { key, setting } of settings) {
    let value = setting.defaultValue;
    const set = given.get(key);
    if (set !== undefined) {
      const read = setting.read(set.value);
      if (read === undefined) {
        const shown = setting.isSecret ? '' : `, not ${JSON.stringify(set.value)}`;
        problems.push({ key, source: set.source, message: `must be ${setting.expected}${shown}` });
      } else value = read;
    }
    place(root, key.split('.'), value);
  }
  return root;
}

function place(into: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [name = '', ...rest] = path;
  if (rest.length === 0) {
    into[name] = value;
    return;
  }
  const inner = into[name];
  const section: Record<string, unknown> = isSection(inner) ? inner : {};
  into[name] = section;
  place(section, rest, value);
}

const isSection = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
