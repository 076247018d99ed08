import { type Alert, alertLevels, alertStatuses, type ListAlertsQuery } from '@streamflow/contracts';
import { Command, Option } from 'commander';
import { integerArgument } from './arguments.ts';
import type { Connect } from './cli-connection.ts';
import { formatTable, printable } from './query/table.ts';
import { connected, type RecordFlags } from './record-requests.ts';
import type { Terminal } from './terminal.ts';

interface ListFlags extends RecordFlags, Pick<ListAlertsQuery, 'status' | 'level'> {
  readonly limit: number;
}

interface ActFlags extends RecordFlags {
  readonly comment?: string;
}

/** `streamflow alert list|ack|resolve`: what fires. */
export function alertCommand(connect: Connect, terminal: Terminal): Command {
  const command = new Command('alert').description('alerts that fire, and what to do about them');

  command
    .command('list')
    .description('list alerts, those that fired last first')
    .addOption(new Option('--status <status>', 'of this status alone').choices(alertStatuses))
    .addOption(new Option('--level <level>', 'of this level alone').choices(alertLevels))
    .option('--limit <n>', 'at most so many', integerArgument(1, 1000), 50)
    .option('--json', 'print JSON')
    .action(async (_options: unknown, self: Command) => {
      const flags: ListFlags = self.optsWithGlobals();
      const { status, level, limit } = flags;
      const { data } = await connected(connect, flags, ({ client }) =>
        client.alerts.list({
          limit,
          ...(status === undefined ? {} : { status }),
          ...(level === undefined ? {} : { level }),
        }),
      );
      if (flags.json === true) return terminal.print(JSON.stringify(data));
      for (const line of formatAlerts(data, terminal.columns)) await terminal.print(line);
    });

  const act = (
    name: 'ack' | 'resolve',
    description: string,
    done: string,
    request: (
      client: Parameters<Parameters<typeof connected>[2]>[0]['client'],
      id: string,
      comment: string | undefined,
    ) => Promise<Alert>,
  ): void => {
    command
      .command(name)
      .description(description)
      .argument('<ids...>', 'as `alert list` shows them')
      .option('--comment <text>', 'why; kept in the timeline')
      .option('--json', 'print JSON')
      .action(async (ids: readonly string[], _options: unknown, self: Command) => {
        const flags: ActFlags = self.optsWithGlobals();
        await connected(connect, flags, async ({ client }) => {
          for (const id of ids) {
            const alert = await request(client, id, flags.comment);
            await terminal.print(
              flags.json === true ? JSON.stringify(alert) : `${done} ${printable(alert.rule_name)} (${id})`,
            );
          }
        });
      });
  };
  act('ack', 'take alerts on: they do not escalate', 'Acknowledged', (client, id, comment) =>
    client.alerts.acknowledge(id, comment),
  );
  act('resolve', 'resolve alerts by hand', 'Resolved', (client, id, comment) =>
    client.alerts.resolve(id, comment),
  );
  return command;
}

const formatAlerts = (alerts: readonly Alert[], width: number | undefined): readonly string[] =>
  formatTable(
    ['FIRED', 'STATUS', 'LEVEL', 'RULE', 'GROUP', 'ID'],
    alerts.map((alert) => [
      alert.fired_at,
      alert.status,
      alert.level,
      printable(alert.rule_name),
      printable(
        Object.entries(alert.group)
          .map(([name, value]) => `${name}=${value}`)
          .join(','),
      ),
      alert.id,
    ]),
    width,
  );
