import type { GroupState } from '../../domain/alert-rules/group-state.ts';
import { StreamFlowError } from '../../domain/errors.ts';
import type { Log } from '../../domain/log.ts';
import {
  type AlertChannelRecord,
  type AlertSilenceRecord,
  alertChannels,
  alertRules,
  alertSilences,
} from '../../domain/records/alert-rules.ts';
import {
  type AlertNotificationRecord,
  alertNotifications,
  alertStates,
} from '../../domain/records/alerts.ts';
import type { RecordKind, Stored } from '../../domain/records/record-kind.ts';
import type { RecordQuery, RecordReader } from '../../engines/record-store/port.ts';
import type { DefinedMetrics } from './defined-metrics.ts';
import { openRuleBook, type ReadyRule } from './rule-book.ts';

/** States by rule and group. */
export type States = Map<string, Map<string, GroupState>>;

/** What people decided, as it was read last. */
export interface Decisions {
  readonly rules: readonly ReadyRule[];
  readonly channels: readonly AlertChannelRecord[];
  readonly silences: readonly AlertSilenceRecord[];
}

const pageSize = 1000;

export async function readAll<T>(
  records: RecordReader,
  kind: RecordKind<T>,
  query: Omit<RecordQuery<T>, 'limit' | 'skip'>,
): Promise<Stored<T>[]> {
  const all: Stored<T>[] = [];
  let after = query.after;
  while (true) {
    const page = await records.list(kind, {
      ...query,
      limit: pageSize,
      ...(after === undefined ? {} : { after }),
    });
    all.push(...page.records);
    if (page.next === null) return all;
    after = page.next;
  }
}

export async function readStates(records: RecordReader, project: string): Promise<States> {
  const states: States = new Map();
  for (const { rule_id, group_key, state } of await readAll(records, alertStates, { project })) {
    const groups = states.get(rule_id) ?? new Map<string, GroupState>();
    groups.set(group_key, state);
    states.set(rule_id, groups);
  }
  return states;
}

export const readPending = (records: RecordReader, project: string): Promise<AlertNotificationRecord[]> =>
  readAll(records, alertNotifications, { project, where: { status: 'pending' } });

export async function readDecisions(
  records: RecordReader,
  project: string,
  defined: DefinedMetrics,
  now: number,
  log: Log,
): Promise<Decisions> {
  const [stored, channels, silences, book] = await Promise.all([
    readAll(records, alertRules, { project, where: { enabled: true } }),
    readAll(records, alertChannels, { project }),
    readAll(records, alertSilences, { project, orderBy: 'ends_at', after: { value: now, id: '' } }),
    openRuleBook(project, defined),
  ]);
  const rules: ReadyRule[] = [];
  for (const { id, definition } of stored)
    try {
      const rule = book.read(id, definition);
      for (const counted of rule.condition.counts) await defined.count(project, counted);
      for (const counted of rule.resolveCondition?.counts ?? []) await defined.count(project, counted);
      rules.push(rule);
    } catch (error) {
      // It was right when it was saved: a metric that it reads is gone.
      if (!(error instanceof StreamFlowError)) throw error;
      log.error('Alert rule cannot be evaluated', { rule: id, name: definition.name, reason: error.message });
    }
  return { rules, channels, silences };
}
