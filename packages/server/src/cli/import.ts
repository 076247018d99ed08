import { stat } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Clock } from '../domain/clock.ts';
import { integerArgument } from './arguments.ts';
import type { Connect, ConnectOptions } from './cli-connection.ts';
import { type FieldMapping, parseMapping } from './import/field-mapping.ts';
import { type ImportSummary, importEvents } from './import/import-events.ts';
import { createProgressView } from './import/import-progress.ts';
import { type ImportFormat, importFormats } from './import/open-input.ts';
import { beginningRecords } from './import/record-id.ts';
import type { Terminal } from './terminal.ts';

interface ImportFlags extends ConnectOptions {
  readonly map: readonly FieldMapping[];
  readonly type?: string;
  readonly source: string;
  readonly format?: ImportFormat;
  readonly delimiter?: string;
  readonly csvText?: boolean;
  readonly idNamespace: string;
  readonly afterRecord: number;
  readonly concurrency: number;
  readonly batch: number;
  readonly json?: boolean;
}

const explanation = `
Formats: NDJSON, JSON lists, CSV and TSV with a header, each also as .gz; - is standard input.

A record whose fields are all event fields (type, source, data, …) is an event as it is. Of any other, --map says what
its fields are, and the rest becomes data:

  streamflow import edits.json.gz --map type=custom.edit --map user_id=user --map timestamp=time
  streamflow import dns.ndjson --map type=custom.dns --map timestamp=ts --map user_id='"id.orig_h"'

The right side is a field of the record (a.b for one within another, in double quotes where its name has a dot), or,
when no record has it, the value itself; =text is always the value.

Records without an id get one from how the file begins (its first ${beginningRecords} records), their position and their content,
the same each time: importing a file again, under another name or compressed, from standard input, after an
interruption, or when it has grown, adds only what is not there. Files that begin differently have no ids in common;
give files that are the same and mean different things an --id-namespace each. Other --map or --type flags do not make
other ids: what was imported stays as it is, and the summary counts it as conflicting.

The summary says how many events are new, were there already (the same), conflict (the id was there with other content,
which stays), and were refused. It takes reading at the storage service to tell; without it they are unconfirmed.`;

/** `streamflow import`: exit code 1 when any record was refused. */
export function importCommand(connect: Connect, terminal: Terminal, clock: Clock): Command {
  return new Command('import')
    .description('import events from files')
    .argument('<file...>', 'files, or - for standard input')
    .addOption(
      new Option('-m, --map <field=source>', 'what is an event field, repeatable')
        .default([], 'none')
        .argParser((text: string, before: readonly FieldMapping[]) => [...before, mappingArgument(text)]),
    )
    .option('--type <type>', 'type of events that have none')
    .option('--source <source>', 'source of events that have none', 'import')
    .addOption(new Option('--format <format>', 'instead of looking at the file').choices(importFormats))
    .option('--delimiter <character>', 'between the cells of CSV; found by the header unless given')
    .option('--csv-text', 'keep the cells of CSV as text, also numbers')
    .option('--id-namespace <text>', 'sets the ids of files with the same content apart', '')
    .option('--after-record <n>', 'pass over the first records of the first file', integerArgument(0), 0)
    .option('--concurrency <n>', 'requests at a time', integerArgument(1, 64), 4)
    .option('--batch <n>', 'events a request', integerArgument(1, 1000), 1000)
    .option('--json', 'the summary as JSON')
    .addHelpText('after', explanation)
    .action(async (files: readonly string[], _: unknown, command: Command) => {
      const flags: ImportFlags = command.optsWithGlobals();
      if (files.filter((file) => file === '-').length > 1)
        command.error('- can be given once', { exitCode: 2 });
      const summary = await run(files, flags, connect, terminal, clock);
      await report(summary, flags, terminal);
      if (summary.refused > 0 || summary.interrupted !== undefined) terminal.fail();
    });
}

function mappingArgument(text: string): FieldMapping {
  try {
    return parseMapping(text);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

async function run(
  files: readonly string[],
  flags: ImportFlags,
  connect: Connect,
  terminal: Terminal,
  clock: Clock,
): Promise<ImportSummary> {
  // Every file is looked at before the first is sent: a typo in the third name is found now.
  const sizes = await Promise.all(
    files.map(async (file) => (file === '-' ? undefined : (await stat(file)).size)),
  );
  const bytesTotal = sizes.reduce<number | undefined>(
    (sum, size) => (sum === undefined || size === undefined ? undefined : sum + size),
    0,
  );
  const connection = await connect(flags, { makes: true });
  const progress = createProgressView(terminal, clock, bytesTotal);
  let waiting = false;
  try {
    return await importEvents(
      {
        files,
        mappings: flags.map,
        type: flags.type,
        source: flags.source,
        namespace: flags.idNamespace,
        format: flags.format,
        delimiter: flags.delimiter,
        csvText: flags.csvText ?? false,
        concurrency: flags.concurrency,
        batchEvents: flags.batch,
        skipRecords: flags.afterRecord,
      },
      {
        client: connection.client,
        clock,
        stdin: terminal.stdin,
        interrupted: terminal.interrupted,
        onProgress(state) {
          waiting = false;
          progress.update(state);
        },
        onProblem: ({ file, line, reason }) => progress.note(`${file}:${line}: ${reason}`),
        onFile(file, format, mappings) {
          const meanings = mappings.map((mapping) =>
            'literal' in mapping
              ? `${mapping.target} is ${JSON.stringify(mapping.literal)}`
              : `${mapping.target} from ${mapping.path.join(' → ')}`,
          );
          progress.note(`${file}: ${[format, ...meanings].join(', ')}`);
        },
        // The interruption ends the wait, and what waited looks at it.
        sleep: (milliseconds) =>
          wait(milliseconds, undefined, { signal: terminal.interrupted }).catch(() => undefined),
        onUnable: (reason) => progress.note(`cannot tell which events are new: ${reason}`),
        onWait(reason) {
          if (!waiting) progress.note(`waiting: ${reason}`);
          waiting = true;
        },
      },
    );
  } finally {
    progress.finish();
    await connection.close();
  }
}

async function report(summary: ImportSummary, flags: ImportFlags, terminal: Terminal): Promise<void> {
  if (flags.json === true) return terminal.print(JSON.stringify(summary));
  const { accepted, refused, seconds, interrupted } = summary;
  const rate = seconds > 0 ? Math.round(accepted / seconds) : accepted;
  const parts = [
    `${summary.added} new`,
    ...part(summary.repeated, 'there already'),
    ...part(summary.conflicting, 'conflicting (the id is there with other content, which stays)'),
    ...part(summary.unconfirmed, 'accepted, new or not'),
    ...part(refused, 'refused'),
  ];
  await terminal.print(`Imported in ${seconds.toFixed(1)} s (${rate}/s): ${parts.join(', ')}`);
  if (interrupted !== undefined)
    terminal.note(
      `interrupted: run it again to go on, or from ${interrupted.file} with --after-record ${interrupted.afterRecord}`,
    );
}

const part = (count: number, what: string): string[] => (count > 0 ? [`${count} ${what}`] : []);
