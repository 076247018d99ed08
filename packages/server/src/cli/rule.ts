import { isDeepStrictEqual } from 'node:util';
import type { StreamFlow } from '@streamflow/client';
import {
  type AlertRule,
  type AlertRuleInput,
  alertRuleDefaults,
  type RulePreview,
} from '@streamflow/contracts';
import { Command, Option } from 'commander';
import type { Clock } from '../domain/clock.ts';
import { readRuleFile } from '../rule-files/read-rule-files.ts';
import { timeArgument } from './arguments.ts';
import type { Connect } from './cli-connection.ts';
import { formatTable, printable } from './query/table.ts';
import { connected, type RecordFlags } from './record-requests.ts';
import type { Terminal } from './terminal.ts';

interface TestFlags extends RecordFlags {
  readonly since: string;
  readonly until: string;
}

/** `streamflow rule list|apply|test`: when to alert. */
export function ruleCommand(connect: Connect, terminal: Terminal, clock: Clock): Command {
  const command = new Command('rule').description('alert rules, kept in files if you like');

  command
    .command('list')
    .description('list the alert rules')
    .option('--json', 'print JSON')
    .action(async (_options: unknown, self: Command) => {
      const flags: RecordFlags = self.optsWithGlobals();
      const rules = await connected(connect, flags, ({ client }) => listRules(client));
      if (flags.json === true) return terminal.print(JSON.stringify(rules));
      const rows = rules.map((rule) => [
        printable(rule.name),
        rule.level,
        rule.enabled ? 'yes' : 'no',
        printable(rule.condition),
        rule.channels.join(','),
        rule.id,
      ]);
      for (const line of formatTable(
        ['NAME', 'LEVEL', 'ENABLED', 'CONDITION', 'CHANNELS', 'ID'],
        rows,
        terminal.columns,
      ))
        await terminal.print(line);
    });

  command
    .command('apply')
    .description('make the rules of a file, or make those of the same names as it says')
    .argument('<file>', 'YAML or JSON: a rule, a list of them, or a list under `rules`')
    .option('--json', 'print JSON')
    .action(async (file: string, _options: unknown, self: Command) => {
      const flags: RecordFlags = self.optsWithGlobals();
      const wanted = await readRuleFile(file);
      const applied = await connected(connect, flags, async ({ client }) => {
        const present = new Map((await listRules(client)).map((rule) => [rule.name, rule]));
        const done: { name: string; outcome: string; id: string }[] = [];
        for (const rule of wanted) {
          const { id, outcome } = await apply(client, rule, present.get(rule.name));
          done.push({ name: rule.name, outcome, id });
          if (flags.json !== true) await terminal.print(`${printable(rule.name)}: ${outcome}`);
        }
        return done;
      });
      if (flags.json === true) await terminal.print(JSON.stringify(applied));
    });

  command
    .command('test')
    .description('say what the rules of a file would have done, without making them')
    .argument('<file>', 'as for `rule apply`')
    .addOption(
      new Option('--since <when>', 'a time, or how long ago')
        .argParser(timeArgument(() => clock.now()))
        .default(timeArgument(() => clock.now())('7d'), '7d'),
    )
    .addOption(
      new Option('--until <when>', 'a time, or how long ago')
        .argParser(timeArgument(() => clock.now()))
        .default(timeArgument(() => clock.now())('now'), 'now'),
    )
    .option('--json', 'print JSON')
    .action(async (file: string, _options: unknown, self: Command) => {
      const flags: TestFlags = self.optsWithGlobals();
      const rules = await readRuleFile(file);
      await connected(connect, flags, async ({ client }) => {
        for (const rule of rules) {
          const preview = await client.rules.preview({ rule, from: flags.since, to: flags.until });
          if (flags.json === true) await terminal.print(JSON.stringify({ name: rule.name, ...preview }));
          else
            for (const line of formatPreview(rule.name, preview, terminal.columns))
              await terminal.print(line);
        }
      });
    });
  return command;
}

async function listRules(client: StreamFlow): Promise<AlertRule[]> {
  const rules: AlertRule[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.rules.list({ limit: 1000, ...(cursor === undefined ? {} : { cursor }) });
    rules.push(...page.data);
    cursor = page.pagination.next_cursor ?? undefined;
  } while (cursor !== undefined);
  return rules;
}

async function apply(
  client: StreamFlow,
  rule: AlertRuleInput,
  present: AlertRule | undefined,
): Promise<{ readonly id: string; readonly outcome: 'created' | 'changed' | 'unchanged' }> {
  if (present === undefined) return { id: (await client.rules.create(rule)).id, outcome: 'created' };
  const {
    id,
    managed_by: _managedBy,
    created_at: _created,
    updated_at: _updated,
    version: _version,
    ...definition
  } = present;
  if (isDeepStrictEqual(definition, { ...alertRuleDefaults, ...rule })) return { id, outcome: 'unchanged' };
  await client.rules.replace(id, rule);
  return { id, outcome: 'changed' };
}

function formatPreview(
  name: string,
  { firings, notifications, step }: RulePreview,
  width: number | undefined,
): readonly string[] {
  const count = (kind: string): number => notifications.filter((one) => one.kind === kind).length;
  const summary = `${printable(name)}: ${firings.length} alerts, ${count('firing')} notifications and ${count('escalated')} escalations (evaluated every ${step})`;
  if (firings.length === 0) return [summary];
  const rows = firings.map(({ from, to, group, peak }) => [
    from,
    to ?? 'still',
    printable(JSON.stringify(group)),
    peak === null ? '' : String(Number(peak.toPrecision(6))),
  ]);
  return [summary, ...formatTable(['FROM', 'TO', 'GROUP', 'PEAK'], rows, width)];
}
