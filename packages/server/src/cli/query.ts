import type { DataPath } from '@streamflow/client';
import {
  type AggregationMetric,
  aggregationMetrics,
  type Event,
  type GroupableField,
  groupableFields,
} from '@streamflow/contracts';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { Clock } from '../domain/clock.ts';
import { integerArgument } from './arguments.ts';
import type { CliConnection, Connect, ConnectOptions } from './cli-connection.ts';
import {
  addEventFilterOptions,
  addTimeRangeOptions,
  dataPath,
  type EventFilterFlags,
  toEventFilter,
} from './query/event-filter-flags.ts';
import { formatAggregation, formatEvents } from './query/table.ts';
import type { Terminal } from './terminal.ts';

type GroupFlag = GroupableField | DataPath;

interface QueryFlags extends ConnectOptions, EventFilterFlags {
  readonly metric?: AggregationMetric;
  readonly field?: DataPath;
  readonly groupBy: readonly GroupFlag[];
  readonly interval?: string;
  readonly limit?: number;
  readonly order: 'asc' | 'desc';
  readonly all?: boolean;
  readonly json?: boolean;
}

const explanation = `
Lists events, newest first, or computes a metric over them when --metric, --group-by or --interval is given:

  streamflow query --type error --start 1h
  streamflow query --group-by data.page --start 24h --limit 10
  streamflow query --metric p95 --field data.response_time --interval 5m --start 1h

With --json, events are printed one a line (NDJSON), and a metric as one object.`;

/** Events of a listing unless `--limit` or `--all` says otherwise. */
const defaultListed = 20;
const maxPage = 1000;

/** `streamflow query`: events, or a metric over them. */
export function queryCommand(connect: Connect, terminal: Terminal, clock: Clock): Command {
  const command = new Command('query').description('list events, or aggregate them');
  return addEventFilterOptions(addTimeRangeOptions(command, clock))
    .addOption(
      new Option('--metric <metric>', 'what to compute: count unless given').choices(aggregationMetrics),
    )
    .option('--field <path>', 'numeric property of data that the metric is over', dataPath)
    .addOption(
      new Option('-g, --group-by <field>', 'event field or property of data, at most two')
        .default([], 'none')
        .argParser(groupArgument),
    )
    .option('--interval <duration>', 'a series with one point an interval: 30s, 5m, 1h, 1d')
    .option('-n, --limit <n>', `events (${defaultListed}), or largest groups (100)`, integerArgument(1))
    .addOption(new Option('--order <order>', 'of events, by time').choices(['desc', 'asc']).default('desc'))
    .option('--all', 'every event that fits')
    .option('--json', 'print JSON')
    .addHelpText('after', explanation)
    .action(async (_: unknown, self: Command) => {
      const flags: QueryFlags = self.optsWithGlobals();
      const aggregates =
        flags.metric !== undefined || flags.groupBy.length > 0 || flags.interval !== undefined;
      if (flags.field !== undefined && flags.metric === undefined)
        self.error('error: --field needs a --metric over it', { exitCode: 2 });
      const connection = await connect(flags);
      try {
        await (aggregates ? aggregate : list)(connection, flags, terminal);
      } catch (error) {
        if (!terminal.interrupted.aborted) throw error;
      } finally {
        await connection.close();
      }
    });
}

function groupArgument(text: string, before: readonly GroupFlag[]): readonly GroupFlag[] {
  const field = groupableFields.find((name) => name === text);
  if (field === undefined && !text.startsWith('data.'))
    throw new InvalidArgumentError(`expected data.<path> or one of ${groupableFields.join(', ')}`);
  return [...before, field ?? dataPath(text)];
}

async function aggregate({ client }: CliConnection, flags: QueryFlags, terminal: Terminal): Promise<void> {
  const result = await client.events.aggregate(
    {
      ...toEventFilter(flags),
      metric: flags.metric,
      field: flags.field,
      group_by: flags.groupBy.length === 0 ? undefined : flags.groupBy,
      interval: flags.interval,
      limit: flags.limit,
    },
    { signal: terminal.interrupted },
  );
  if (flags.json === true) return terminal.print(JSON.stringify(result));
  for (const line of formatAggregation(result, terminal.columns)) await terminal.print(line);
}

async function list({ client }: CliConnection, flags: QueryFlags, terminal: Terminal): Promise<void> {
  const filter = toEventFilter(flags);
  const options = { signal: terminal.interrupted };
  const wanted = flags.all === true ? flags.limit : (flags.limit ?? defaultListed);
  const events =
    wanted !== undefined && wanted <= maxPage
      ? client.events.each({ ...filter, order: flags.order, limit: wanted }, options)
      : client.events.export({ ...filter, order: flags.order, limit: wanted }, options);

  let shown = 0;
  /** Printed some at a time: columns are aligned within these, and memory stays bounded. */
  let block: Event[] = [];
  const flush = async (): Promise<void> => {
    const lines = formatEvents(block, terminal.columns);
    for (const line of shown === block.length ? lines : lines.slice(1)) await terminal.print(line);
    block = [];
  };
  for await (const event of events) {
    shown += 1;
    if (flags.json === true) await terminal.print(JSON.stringify(event));
    else if (block.push(event) === maxPage) await flush();
    if (shown === wanted) break;
  }
  if (flags.json === true) return;
  if (block.length > 0) await flush();
  if (shown === 0) terminal.note('No events.');
}
