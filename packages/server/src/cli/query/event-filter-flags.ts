import type { DataPath, EventFilter } from '@streamflow/client';
import { type Severity, severities } from '@streamflow/contracts';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Clock } from '../../domain/clock.ts';
import { repeatable, timeArgument } from '../arguments.ts';

export interface EventFilterFlags {
  readonly start?: string;
  readonly end?: string;
  readonly type: readonly string[];
  readonly source: readonly string[];
  readonly severity: readonly Severity[];
  readonly user: readonly string[];
  readonly session: readonly string[];
  readonly correlation: readonly string[];
  readonly tag: readonly string[];
  readonly where: readonly PropertyFlag[];
}

interface PropertyFlag {
  readonly path: DataPath;
  readonly value: string;
}

const isSeverity = (text: string): text is Severity => severities.some((severity) => severity === text);

function severityArgument(text: string, before: readonly Severity[]): readonly Severity[] {
  if (!isSeverity(text)) throw new InvalidArgumentError(`expected one of ${severities.join(', ')}`);
  return [...before, text];
}

/** Reads `page=/` as the property `data.page`; the path may say `data.` itself. */
export function propertyArgument(text: string, before: readonly PropertyFlag[]): readonly PropertyFlag[] {
  const [, given, value] = /^((?:"(?:[^"\\]|\\.)*"|[^="])+)=(.*)$/s.exec(text) ?? [];
  if (given === undefined || value === undefined)
    throw new InvalidArgumentError(
      'expected path=value, for example page=/pricing or \'"id.orig_h"=10.0.0.1\'',
    );
  return [...before, { path: dataPath(given), value }];
}

export const dataPath = (text: string): DataPath =>
  text.startsWith('data.') ? `data.${text.slice('data.'.length)}` : `data.${text}`;

const repeated = (flags: string, description: string): Option =>
  new Option(flags, description).default([], 'any').argParser(repeatable);

/** Adds the flags that say from when to when. */
export function addTimeRangeOptions(command: Command, clock: Clock): Command {
  const time = timeArgument(() => clock.now());
  return command
    .option('--start <time>', 'from this time on: RFC 3339, or how long ago (15m, 24h, 7d)', time)
    .option('--end <time>', 'before this time', time);
}

/** Adds the flags that say which events; those that are repeated are alternatives. */
export function addEventFilterOptions(command: Command): Command {
  return command
    .addOption(repeated('-t, --type <type>', 'event type, repeatable'))
    .addOption(repeated('-s, --source <source>', 'source, repeatable'))
    .addOption(
      new Option('--severity <severity>', 'severity, repeatable')
        .default([], 'any')
        .argParser(severityArgument),
    )
    .addOption(repeated('-u, --user <id>', 'user, repeatable'))
    .addOption(repeated('--session <id>', 'session, repeatable'))
    .addOption(repeated('--correlation <id>', 'correlation id, repeatable'))
    .addOption(repeated('--tag <tag>', 'events that carry the tag, repeatable'))
    .addOption(
      new Option('-w, --where <path=value>', 'property of data, repeatable: page=/pricing')
        .default([], 'any')
        .argParser(propertyArgument),
    );
}

export function toEventFilter(flags: EventFilterFlags): EventFilter {
  const some = <T>(values: readonly T[]): readonly T[] | undefined =>
    values.length === 0 ? undefined : values;
  const properties: Record<DataPath, string[]> = {};
  for (const { path, value } of flags.where) {
    const values = properties[path] ?? [];
    values.push(value);
    properties[path] = values;
  }
  return {
    start: flags.start,
    end: flags.end,
    type: some(flags.type),
    source: some(flags.source),
    severity: some(flags.severity),
    user_id: some(flags.user),
    session_id: some(flags.session),
    correlation_id: some(flags.correlation),
    tag: some(flags.tag),
    ...properties,
  };
}
