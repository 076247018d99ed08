import type { Silence, SilenceMatcher } from '@streamflow/contracts';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Clock } from '../domain/clock.ts';
import { durationArgument } from './arguments.ts';
import type { Connect } from './cli-connection.ts';
import { formatTable, printable } from './query/table.ts';
import { connected, type RecordFlags } from './record-requests.ts';
import type { Terminal } from './terminal.ts';

interface AddFlags extends RecordFlags {
  readonly for: number;
  readonly comment?: string;
}

/** `streamflow silence add|list|expire`: quiet for a while. */
export function silenceCommand(connect: Connect, terminal: Terminal, clock: Clock): Command {
  const command = new Command('silence').description('keep alerts quiet for a while');

  command
    .command('add')
    .description('silence the alerts that fit all matchers, from now on')
    .argument('<matchers...>', 'label=value, or label!=value; for one rule=Errors source=api', matcher)
    .addOption(
      new Option('--for <duration>', 'how long: 30m, 2h')
        .argParser(durationArgument)
        .default(3_600_000, '1h'),
    )
    .option('--comment <text>', 'why')
    .option('--json', 'print JSON')
    .action(async (matchers: SilenceMatcher[], _options: unknown, self: Command) => {
      const flags: AddFlags = self.optsWithGlobals();
      const silence = await connected(connect, flags, ({ client }) =>
        client.silences.create({
          matchers,
          ends_at: new Date(clock.now() + flags.for).toISOString(),
          ...(flags.comment === undefined ? {} : { comment: flags.comment }),
        }),
      );
      await terminal.print(
        flags.json === true ? JSON.stringify(silence) : `Silenced until ${silence.ends_at} (${silence.id})`,
      );
    });

  command
    .command('list')
    .description('list the silences')
    .option('--json', 'print JSON')
    .action(async (_options: unknown, self: Command) => {
      const flags: RecordFlags = self.optsWithGlobals();
      const { data } = await connected(connect, flags, ({ client }) => client.silences.list({ limit: 1000 }));
      if (flags.json === true) return terminal.print(JSON.stringify(data));
      for (const line of formatSilences(data, terminal.columns)) await terminal.print(line);
    });

  command
    .command('expire')
    .description('end silences now')
    .argument('<ids...>', 'as `silence list` shows them')
    .option('--json', 'print JSON')
    .action(async (ids: readonly string[], _options: unknown, self: Command) => {
      const flags: RecordFlags = self.optsWithGlobals();
      await connected(connect, flags, async ({ client }) => {
        for (const id of ids) {
          const silence = await client.silences.expire(id);
          await terminal.print(flags.json === true ? JSON.stringify(silence) : `Ended ${id}`);
        }
      });
    });
  return command;
}

function matcher(text: string, before: SilenceMatcher[] | undefined): SilenceMatcher[] {
  const [, name, operator, value] = /^([^=!]+)(!?=)(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new InvalidArgumentError('expected label=value or label!=value');
  return [...(before ?? []), { name, value, equal: operator === '=' }];
}

const formatSilences = (silences: readonly Silence[], width: number | undefined): readonly string[] =>
  formatTable(
    ['STATE', 'UNTIL', 'MATCHERS', 'BY', 'COMMENT', 'ID'],
    silences.map((silence) => [
      silence.state,
      silence.ends_at,
      printable(
        silence.matchers
          .map(({ name, value, equal }) => `${name}${equal === false ? '!=' : '='}${value}`)
          .join(' '),
      ),
      printable(silence.created_by),
      printable(silence.comment),
      silence.id,
    ]),
    width,
  );
