import { Command, CommanderError, Option } from 'commander';
import { systemClock } from '../domain/clock.ts';
import { version } from '../version.ts';
import { alertCommand } from './alert.ts';
import { configCommand } from './config.ts';
import { createConnect } from './connection.ts';
import { deadCommand } from './dead.ts';
import { importCommand } from './import.ts';
import { keyCommand } from './key.ts';
import { createLocalAccess } from './local-app.ts';
import { queryCommand } from './query.ts';
import { reportError } from './report-error.ts';
import { ruleCommand } from './rule.ts';
import { silenceCommand } from './silence.ts';
import { startCommand } from './start.ts';
import { tailCommand } from './tail.ts';
import { createTerminal, type ProcessStreams } from './terminal.ts';
import { userCommand } from './user.ts';
import { verifyCommand } from './verify.ts';

const failed = 1;
const misused = 2;

/**
 * Runs the command that the arguments (without node and script) say.
 * @returns the exit code: 0 when it did all it was asked for, 1 when it failed, 2 when it was called wrongly; others are
 * a command's own
 */
export async function runCli(argv: readonly string[], process: ProcessStreams): Promise<number> {
  let exitCode = 0;
  const terminal = createTerminal(process, (code = failed) => {
    exitCode = code;
  });
  const json = argv.includes('--json');
  const connect = createConnect(createLocalAccess(terminal.note));

  const program = new Command('streamflow')
    .description('StreamFlow: takes events in, stores them, and answers questions about them.')
    .version(version)
    .addOption(new Option('--config <file>', 'configuration file'))
    .addOption(new Option('--data-dir <directory>', 'data of a StreamFlow on this machine'))
    .addOption(new Option('--url <url>', 'dashboard of another StreamFlow').env('STREAMFLOW_URL'))
    .addOption(new Option('--ingestion-url <url>', 'its ingestion service').env('STREAMFLOW_INGESTION_URL'))
    .addOption(new Option('--storage-url <url>', 'its storage service').env('STREAMFLOW_STORAGE_URL'))
    .addOption(new Option('--dashboard-url <url>', 'its dashboard service').env('STREAMFLOW_DASHBOARD_URL'))
    .addOption(
      new Option('--api-key <key>', 'key for these; local data needs none').env('STREAMFLOW_API_KEY'),
    )
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void process.stdout.write(text),
      writeErr: (text) => void process.stderr.write(text),
      outputError: (text, write) => {
        const message = text.replace(/^error: /, '').trim();
        write(`${json ? JSON.stringify({ error: 'Usage', message }) : `streamflow: ${message}`}\n`);
      },
    })
    .exitOverride();
  const commands = [
    startCommand(async (request) => {
      const { runStart } = await import('../main.ts');
      await runStart(request);
    }),
    importCommand(connect, terminal, systemClock),
    queryCommand(connect, terminal, systemClock),
    tailCommand(connect, terminal, systemClock),
    userCommand(connect, terminal),
    keyCommand(connect, terminal, systemClock),
    deadCommand(connect, terminal),
    ruleCommand(connect, terminal, systemClock),
    alertCommand(connect, terminal),
    silenceCommand(connect, terminal, systemClock),
    verifyCommand(connect, terminal, systemClock),
    configCommand(),
  ];
  for (const command of commands) program.addCommand(inherit(command, program));

  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : misused;
    process.stderr.write(`${reportError(error, json)}\n`);
    return failed;
  }
}

/** Commands made apart from the program behave like it: the same help, errors and exits. */
function inherit(command: Command, program: Command): Command {
  command.copyInheritedSettings(program);
  for (const inner of command.commands) inherit(inner, program);
  return command;
}
