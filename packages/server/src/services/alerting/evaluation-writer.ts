import { createHash } from 'node:crypto';
import {
  type AlertLevel,
  type AlertNotification,
  type AlertRuleDefinition,
  alertLevels,
  type Explanation,
  type TimelineEntry,
} from '@streamflow/contracts';
import type { GroupState, NoticeKind } from '../../domain/alert-rules/group-state.ts';
import type { RuleStep } from '../../domain/alert-rules/rule-step.ts';
import type { AlertChannelRecord } from '../../domain/records/alert-rules.ts';
import {
  type AlertBody,
  type AlertNotificationRecord,
  type AlertRecord,
  alertCommands,
  alertNotifications,
  alertStates,
  alerts,
} from '../../domain/records/alerts.ts';
import type { RecordStore, RecordTransaction } from '../../engines/record-store/port.ts';
import type { Lease } from './lease.ts';
import { groupTags } from './rule-book.ts';

/** What one evaluation of a rule came to. */
export interface RuleOutcome {
  readonly ruleId: string;
  /** Null when the rule is gone: then its alerts can only end. */
  readonly definition: AlertRuleDefinition | null;
  readonly step: RuleStep;
  /** Of the groups that began to fire. */
  readonly explanations: ReadonlyMap<string, Explanation>;
}

export type AlertEvent = 'firing' | 'escalated' | 'resolved';

/** What was written, for those who are to be told. */
export interface Written {
  readonly notifications: readonly AlertNotificationRecord[];
  readonly events: readonly { readonly event: AlertEvent; readonly alert: AlertRecord }[];
}

export interface WriterOptions {
  readonly records: RecordStore;
  readonly project: string;
  readonly lease: Pick<Lease, 'assert'>;
  readonly newId: () => string;
  /** Without a slash at its end; null for no links. */
  readonly publicUrl: string | null;
}

export interface Evaluated {
  readonly at: number;
  readonly epoch: number;
  readonly outcomes: readonly RuleOutcome[];
  readonly channels: readonly AlertChannelRecord[];
  /** Ids of the commands that were followed. */
  readonly commands: readonly string[];
}

/** More alerts than this are told in several notifications. */
const alertsANotification = 100;

interface OpenBody {
  record: AlertRecord | null;
  level: AlertLevel;
  toldChannels: string[];
  body: AlertBody;
}

export const stateId = (ruleId: string, group: string): string =>
  `${ruleId}:${createHash('sha256').update(group).digest('hex').slice(0, 32)}`;

/** Writes states, alerts and the outbox in one transaction, only while the lease holds. */
export function createEvaluationWriter(options: WriterOptions): (evaluated: Evaluated) => Promise<Written> {
  const { records, project, lease, newId } = options;

  const writeState = async (
    tx: RecordTransaction,
    ruleId: string,
    group: string,
    state: GroupState | null,
  ): Promise<void> => {
    const ref = { project, id: stateId(ruleId, group) };
    if (state === null) await tx.delete(alertStates, ref);
    else if ((await tx.get(alertStates, ref)) === null)
      await tx.insert(alertStates, { ...ref, rule_id: ruleId, group_key: group, state });
    else await tx.update(alertStates, ref, { state });
  };

  const writeOutcome = async (
    tx: RecordTransaction,
    { at, channels }: Evaluated,
    { ruleId, definition, step, explanations }: RuleOutcome,
  ): Promise<Written> => {
    const time = new Date(at).toISOString();
    const entry = (what: TimelineEntry['what']): TimelineEntry => ({
      at: time,
      what,
      by: null,
      comment: null,
    });
    const open = new Map<string, OpenBody>();
    const bodyOf = async (id: string): Promise<OpenBody | null> => {
      const known = open.get(id);
      if (known !== undefined) return known;
      const record = await tx.get(alerts, { project, id });
      if (record === null) return null;
      const opened = {
        record,
        level: record.level,
        toldChannels: [...record.told_channels],
        body: { ...record.body, timeline: [...record.body.timeline] },
      };
      open.set(id, opened);
      return opened;
    };

    for (const [group, state] of step.states) await writeState(tx, ruleId, group, state);
    const events: { event: AlertEvent; id: string }[] = [];
    for (const { group, transition, alert } of step.changes) {
      if (alert === null) continue;
      if (transition === 'firing' && definition !== null) {
        const explanation = explanations.get(group);
        if (explanation === undefined) throw new Error('An alert fires without its explanation');
        const body = newBody(ruleId, definition, group, time, explanation);
        body.timeline.push(entry('firing'));
        open.set(alert.id, { record: null, level: definition.level, toldChannels: [], body });
        events.push({ event: 'firing', id: alert.id });
      } else if (transition === 'resolved') {
        const opened = await bodyOf(alert.id);
        // A person who resolved it is in its timeline already.
        if (opened === null || opened.body.status === 'resolved') continue;
        opened.body.status = 'resolved';
        opened.body.resolved_at = time;
        opened.body.timeline.push(entry('resolved'));
        events.push({ event: 'resolved', id: alert.id });
      }
    }

    const messages: { kind: NoticeKind; channel: string; ids: string[] }[] = [];
    for (const { kind, alerts: told } of step.notices) {
      const byChannel = new Map<string, string[]>();
      for (const { alert } of told) {
        const opened = await bodyOf(alert.id);
        if (opened === null) continue;
        if (kind === 'firing') {
          opened.body.notified_at = time;
          opened.body.timeline.push(entry('notified'));
        } else if (kind === 'escalated') {
          opened.level = nextLevel(opened.level);
          opened.body.level = opened.level;
          opened.body.escalated_at = time;
          opened.body.timeline.push(entry('escalated'));
          events.push({ event: 'escalated', id: alert.id });
        }
        const destinations =
          kind === 'resolved'
            ? opened.toldChannels.filter((id) =>
                channels.some((channel) => channel.id === id && channel.enabled),
              )
            : channelsFor(definition, kind, channels);
        for (const id of destinations) {
          byChannel.set(id, [...(byChannel.get(id) ?? []), alert.id]);
          if (!opened.toldChannels.includes(id)) opened.toldChannels.push(id);
        }
      }
      for (const [channel, ids] of byChannel)
        for (let from = 0; from < ids.length; from += alertsANotification)
          messages.push({ kind, channel, ids: ids.slice(from, from + alertsANotification) });
    }

    const written = new Map<string, AlertRecord>();
    for (const [id, { record, level, toldChannels, body }] of open) {
      const fields = { level, status: body.status, told_channels: toldChannels, body };
      written.set(
        id,
        record === null
          ? await tx.insert(alerts, { project, id, rule_id: ruleId, fired_at: at, ...fields })
          : await tx.update(alerts, { project, id }, fields),
      );
    }
    const notifications: AlertNotificationRecord[] = [];
    for (const { kind, channel, ids } of messages) {
      const id = newId();
      const told = ids.flatMap((each) => written.get(each) ?? []);
      notifications.push(
        await tx.insert(alertNotifications, {
          project,
          id,
          channel_id: channel,
          kind,
          status: 'pending',
          alert_ids: ids,
          message: { ...messageOf(id, kind, time, told, options.publicUrl) },
          attempts: 0,
          last_error: null,
          finished_at: null,
        }),
      );
    }
    return {
      notifications,
      events: events.flatMap(({ event, id }) => {
        const alert = written.get(id);
        return alert === undefined ? [] : [{ event, alert }];
      }),
    };
  };

  return (evaluated) =>
    records.transaction(async (tx) => {
      await lease.assert(tx, evaluated.epoch);
      const written: Written[] = [];
      for (const outcome of evaluated.outcomes) written.push(await writeOutcome(tx, evaluated, outcome));
      for (const id of evaluated.commands) await tx.delete(alertCommands, { project, id });
      return {
        notifications: written.flatMap(({ notifications }) => notifications),
        events: written.flatMap(({ events }) => events),
      };
    });
}

/** Ids of the enabled channels that a rule names for this. */
export function channelsFor(
  definition: AlertRuleDefinition | null,
  kind: NoticeKind,
  channels: readonly AlertChannelRecord[],
): readonly string[] {
  const names = channelNames(definition, kind);
  return channels
    .filter(
      ({ type, name, enabled }) => enabled && (names.includes(type) || names.includes(`${type}:${name}`)),
    )
    .map(({ id }) => id);
}

export function channelNames(definition: AlertRuleDefinition | null, kind: NoticeKind): readonly string[] {
  if (definition === null) return [];
  const { channels, escalation_channels: escalation } = definition;
  return kind === 'escalated' && escalation.length > 0 ? escalation : channels;
}

const nextLevel = (level: AlertLevel): AlertLevel =>
  alertLevels[alertLevels.indexOf(level) + 1] ?? 'critical';

function newBody(
  ruleId: string,
  definition: AlertRuleDefinition,
  group: string,
  time: string,
  explanation: Explanation,
): AlertBody {
  return {
    rule_id: ruleId,
    rule_name: definition.name,
    description: definition.description,
    level: definition.level,
    status: 'firing',
    group: groupTags(definition.group_by, group),
    tags: definition.tags,
    fired_at: time,
    notified_at: null,
    acknowledged_at: null,
    acknowledged_by: null,
    escalated_at: null,
    resolved_at: null,
    explanation,
    timeline: [],
  };
}

function messageOf(
  id: string,
  kind: NoticeKind,
  at: string,
  told: readonly AlertRecord[],
  publicUrl: string | null,
): AlertNotification {
  const [first] = told;
  if (first === undefined) throw new Error('A notification tells of no alert');
  const { rule_id, rule_name, description, tags } = first.body;
  const levels = told.map(({ level }) => alertLevels.indexOf(level));
  return {
    id,
    kind,
    at,
    rule: { id: rule_id, name: rule_name, description, tags },
    level: alertLevels[Math.max(...levels)] ?? 'critical',
    alerts: told.map(({ id: alertId, body }) => ({
      id: alertId,
      group: body.group,
      fired_at: body.fired_at,
      resolved_at: body.resolved_at,
      explanation: body.explanation,
      link: publicUrl === null ? null : `${publicUrl}/events?${body.explanation.events_query}`,
    })),
    link: publicUrl === null ? null : `${publicUrl}/alerts`,
  };
}
