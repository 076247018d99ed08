import { setTimeout as wait } from 'node:timers/promises';
import type { LedgerReport } from '@streamflow/contracts';
import { Command } from 'commander';
import type { Clock } from '../domain/clock.ts';
import { durationArgument, timeArgument } from './arguments.ts';
import type { CliConnection, Connect, ConnectOptions } from './cli-connection.ts';
import type { Terminal } from './terminal.ts';
import { formatLedger } from './verify/ledger-report.ts';

interface VerifyFlags extends ConnectOptions {
  readonly from?: string;
  readonly to?: string;
  readonly wait: number;
  readonly all?: boolean;
  readonly json?: boolean;
}

const explanation = `
Accounts for every event that was acknowledged, by minute of receipt:

  accepted = stored + duplicates + dead + set aside + dropped

and looks for ids that are stored twice and roll-ups that differ from a recount.

  streamflow verify                          the last day, up to the present minute
  streamflow verify --from 1h --to now       with the present minute, when nothing comes in
  streamflow verify --from 2026-01-01 --to 2026-02-01 --json

Exit codes: 0 it holds; 1 it does not; 3 not all of it can be told, since events are still on their way.`;

const unsettled = 3;
const lookEveryMs = 500;
/**
 * What does not hold is looked at again for so long, milliseconds: a broker does not tell what other replicas of storage
 * have taken and are writing.
 */
const doubtMs = 5000;

/** `streamflow verify`: the ledger. */
export function verifyCommand(connect: Connect, terminal: Terminal, clock: Clock): Command {
  const time = timeArgument(() => clock.now());
  return new Command('verify')
    .description('account for every accepted event')
    .option(
      '--from <time>',
      'received from this time on: RFC 3339, or how long ago (a day before --to)',
      time,
    )
    .option('--to <time>', 'received before this time (the start of the present minute)', time)
    .option(
      '--wait <duration>',
      'how long to wait for events that are on their way',
      durationArgument,
      30_000,
    )
    .option('--all', 'every minute, also those that hold')
    .option('--json', 'print JSON')
    .addHelpText('after', explanation)
    .action(async (_: unknown, self: Command) => {
      const flags: VerifyFlags = self.optsWithGlobals();
      const connection = await connect(flags);
      const signal = terminal.interrupted;
      try {
        const report = await settledReport(connection, flags, clock, signal);
        if (flags.json === true) await terminal.print(JSON.stringify(report));
        else for (const line of formatLedger(report, terminal.columns)) await terminal.print(line);
        if (report.verdict !== 'holds') terminal.fail(report.verdict === 'unsettled' ? unsettled : undefined);
      } catch (error) {
        if (!signal.aborted) throw error;
        terminal.fail();
      } finally {
        await connection.close();
      }
    });
}

/** The account once it holds, or as it is when the time to wait is over. */
async function settledReport(
  connection: CliConnection,
  flags: VerifyFlags,
  clock: Clock,
  signal: AbortSignal,
): Promise<LedgerReport> {
  const startedAt = clock.now();
  let { from, to } = flags;
  for (;;) {
    const { data } = await connection.request<{ readonly data: LedgerReport }>('storage', 'GET', '/ledger', {
      query: {
        ...(from === undefined ? {} : { from }),
        ...(to === undefined ? {} : { to }),
        ...(flags.all === true ? { all: 'true' } : {}),
      },
    });
    const patience = data.verdict === 'broken' ? Math.min(doubtMs, flags.wait) : flags.wait;
    if (data.verdict === 'holds' || clock.now() - startedAt >= patience) return data;
    // The same minutes again, however long it takes.
    ({ from, to } = data);
    await wait(lookEveryMs, undefined, { signal });
  }
}
