import { type ServiceName, serviceNames } from '@streamflow/contracts';
import { type App, startApp } from './app.ts';
import { ConfigError, type LoadedConfig } from './config/load.ts';
import { loadProcessConfig } from './config/process.ts';
import { startProblems } from './config/start-problems.ts';
import { administratorNotice, greeting } from './greeting.ts';
import { createLog, type LogLevel } from './observability/log.ts';

export interface StartOptions {
  /** All five unless given. */
  readonly services?: readonly ServiceName[];
  readonly configFile?: string;
  /** Values by dotted configuration key; they win over everything. */
  readonly flags?: Readonly<Record<string, string | undefined>>;
}

/** Time for what is under way when the process is told to stop, milliseconds. */
const stopDeadlineMs = 25_000;

/**
 * Runs StreamFlow until SIGTERM or SIGINT: then it stops accepting, drains, flushes and exits 0. A second signal exits
 * at once. A start that fails says why and exits 1. SIGUSR2 switches the log to DEBUG and back.
 */
export async function runStart(options: StartOptions = {}): Promise<void> {
  const loaded = readConfiguration(options);
  if (loaded === null) return;
  const { config, warnings, sources } = loaded;
  const { level, format } = config.monitoring.logging;
  const log = createLog({
    level,
    // A person at a terminal who has not chosen a format gets the one for people.
    format: process.stdout.isTTY && !sources.has('monitoring.logging.format') ? 'text' : format,
    stacks: config.app.debug,
    service: 'streamflow',
  });
  for (const warning of warnings) log.warning('Configuration', { warning });

  let app: App | undefined;
  let stopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (stopping) process.exit(1);
    stopping = true;
    log.info('Stopping', { signal });
    const report = await app?.stop(stopDeadlineMs);
    const clean = report === undefined || (report.failed.length === 0 && report.late.length === 0);
    log.info('Stopped', report === undefined ? {} : { failed: report.failed, late: report.late });
    process.exit(clean ? 0 : 1);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal));
  process.on('SIGUSR2', () => log.setLevel(log.level === 'DEBUG' ? usual(level) : 'DEBUG'));

  const begun = performance.now();
  try {
    app = await startApp({
      config,
      log,
      run: options.services ?? serviceNames,
      logsRequests: () => log.level === 'DEBUG',
      onAdministrator: (administrator) => process.stderr.write(`${administratorNotice(administrator)}\n`),
    });
  } catch (error) {
    log.critical('The start failed', { error });
    return fail(error instanceof Error ? error.message : String(error));
  }
  log.info('Ready', { duration: (performance.now() - begun) / 1000 });
  process.stderr.write(greeting({ app, config }));
}

function readConfiguration({ configFile, flags, services }: StartOptions): LoadedConfig | null {
  try {
    const loaded = loadProcessConfig(configFile, flags);
    const problems = startProblems(loaded, services ?? serviceNames);
    if (problems.length > 0) throw new ConfigError(problems);
    return loaded;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    fail(error.message);
    return null;
  }
}

/** What SIGUSR2 goes back to. */
const usual = (level: LogLevel): LogLevel => (level === 'DEBUG' ? 'INFO' : level);

function fail(message: string): void {
  process.stderr.write(`streamflow: ${message}\n`);
  process.exitCode = 1;
}
