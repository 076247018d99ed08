import { setTimeout as wait } from 'node:timers/promises';
import { Command } from 'commander';
import type { Clock } from '../domain/clock.ts';
import { durationArgument, integerArgument } from './arguments.ts';
import type { Connect, ConnectOptions } from './cli-connection.ts';
import { addEventFilterOptions, type EventFilterFlags, toEventFilter } from './query/event-filter-flags.ts';
import { followEvents } from './query/follow-events.ts';
import { formatEvent } from './query/table.ts';
import type { Terminal } from './terminal.ts';

interface TailFlags extends ConnectOptions, EventFilterFlags {
  readonly lines: number;
  readonly overlap: number;
  readonly every: number;
  readonly json?: boolean;
}

/** `streamflow tail`: events as they come, until interrupted. */
export function tailCommand(connect: Connect, terminal: Terminal, clock: Clock): Command {
  const command = new Command('tail').description('show events as they come');
  return addEventFilterOptions(command)
    .option('-n, --lines <n>', 'events to show from before', integerArgument(0, 1000), 10)
    .option(
      '--overlap <duration>',
      'how much later an event may arrive than those after it',
      durationArgument,
      10_000,
    )
    .option('--every <duration>', 'time between looks', durationArgument, 1000)
    .option('--json', 'one JSON event a line')
    .action(async (_: unknown, self: Command) => {
      const flags: TailFlags = self.optsWithGlobals();
      const connection = await connect(flags);
      const signal = terminal.interrupted;
      try {
        const blocks = followEvents({
          events: connection.client.events,
          clock,
          filter: toEventFilter(flags),
          backlog: flags.lines,
          overlapMs: flags.overlap,
          intervalMs: flags.every,
          signal,
          sleep: (milliseconds) => wait(milliseconds, undefined, { signal }),
        });
        for await (const events of blocks)
          for (const event of events)
            await terminal.print(
              flags.json === true ? JSON.stringify(event) : formatEvent(event, terminal.columns),
            );
      } catch (error) {
        if (!signal.aborted) throw error;
      } finally {
        await connection.close();
      }
    });
}
