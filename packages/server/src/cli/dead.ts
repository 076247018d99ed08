import type { StreamFlow } from '@streamflow/client';
import type { DeadLetter } from '@streamflow/contracts';
import { Command } from 'commander';
import type { Connect } from './cli-connection.ts';
import { formatTable, printable } from './query/table.ts';
import { connected, type RecordFlags } from './record-requests.ts';
import type { Terminal } from './terminal.ts';

interface ReplayFlags extends RecordFlags {
  readonly all?: boolean;
}

const pageSize = 1000;

const explanation = `
A message that cannot be processed, and one that nobody can decode, is kept as a dead letter until somebody decides:

  streamflow dead list
  streamflow dead show 0190a0b0-0000-7000-8000-000000000000
  streamflow dead replay --all
  streamflow dead drop 0190a0b0-0000-7000-8000-000000000000

A letter that is replayed and fails again is a dead letter again, under another id.`;

/** `streamflow dead list|show|replay|drop`: what could not be processed. */
export function deadCommand(connect: Connect, terminal: Terminal): Command {
  const command = new Command('dead')
    .description('look at, replay and drop messages that could not be processed')
    .addHelpText('after', explanation);

  command
    .command('list')
    .description('list them, oldest first')
    .option('--json', 'print JSON')
    .action(async (_options: unknown, self: Command) => {
      const flags: RecordFlags = self.optsWithGlobals();
      const letters = await connected(connect, flags, ({ client }) => listEach(client));
      if (flags.json === true) return terminal.print(JSON.stringify(letters));
      if (letters.length === 0) terminal.note('No dead letters.');
      else for (const line of formatLetters(letters, terminal.columns)) await terminal.print(line);
    });

  command
    .command('show')
    .description('print the events of one, a line each, and what is known of it')
    .argument('<id>', 'as `dead list` shows it')
    .option('--json', 'print JSON')
    .action(async (id: string, _options: unknown, self: Command) => {
      const flags: RecordFlags = self.optsWithGlobals();
      const letter = await connected(connect, flags, ({ client }) => client.deadLetters.get(id));
      if (flags.json === true) return terminal.print(JSON.stringify(letter));
      terminal.note(`${letter.dead_at} from ${letter.queue}: ${printable(letter.reason)}`);
      terminal.note(`headers: ${printable(JSON.stringify(letter.headers))}`);
      for (const line of letter.lines) await terminal.print(printable(line));
    });

  command
    .command('replay')
    .description('have them processed again')
    .argument('[ids...]', 'as `dead list` shows them')
    .option('--all', 'all that there are now')
    .option('--json', 'print JSON')
    .action(async (ids: readonly string[], _options: unknown, self: Command) => {
      const flags: ReplayFlags = self.optsWithGlobals();
      if (ids.length > 0 === (flags.all === true)) self.error('error: give ids, or --all', { exitCode: 2 });
      await connected(connect, flags, async ({ client }) => {
        const chosen = flags.all === true ? (await listEach(client)).map(({ id }) => id) : ids;
        for (const id of chosen) await tell(await client.deadLetters.replay(id), 'Replayed', flags);
      });
    });

  command
    .command('drop')
    .description('remove them, and their events, for ever')
    .argument('<ids...>', 'as `dead list` shows them')
    .option('--json', 'print JSON')
    .action(async (ids: readonly string[], _options: unknown, self: Command) => {
      const flags: RecordFlags = self.optsWithGlobals();
      await connected(connect, flags, async ({ client }) => {
        for (const id of ids) await tell(await client.deadLetters.drop(id), 'Dropped', flags);
      });
    });

  const tell = (letter: DeadLetter, done: string, { json }: RecordFlags): Promise<void> =>
    terminal.print(
      json === true
        ? JSON.stringify(letter)
        : `${done} ${letter.id} (${letter.events ?? 'unknown'} events, ${printable(letter.reason)}).`,
    );
  return command;
}

async function listEach({ deadLetters }: StreamFlow): Promise<DeadLetter[]> {
  const all: DeadLetter[] = [];
  for (let page = 1; ; page++) {
    const { data, pagination } = await deadLetters.list({ page, limit: pageSize });
    all.push(...data);
    if (!pagination.has_next) return all;
  }
}

const formatLetters = (letters: readonly DeadLetter[], width: number | undefined): readonly string[] =>
  formatTable(
    ['ID', 'TIME', 'QUEUE', 'TYPE', 'EVENTS', 'REASON'],
    letters.map(({ id, dead_at, queue, type, events, reason }) => [
      id,
      dead_at,
      queue,
      printable(type ?? '-'),
      events === null ? '-' : String(events),
      printable(reason),
    ]),
    width,
  );
