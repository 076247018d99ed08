import type { AlertLevel, AlertRule, AlertRuleInput } from '@streamflow/contracts';

/** A rule as the fields of the editor hold it. */
export interface RuleDraft {
  readonly name: string;
  readonly description: string;
  readonly condition: string;
  readonly threshold: string;
  readonly window: string;
  readonly for: string;
  readonly keepFiringFor: string;
  readonly level: AlertLevel;
  readonly channels: readonly string[];
  readonly suppressionMinutes: string;
  readonly escalationMinutes: string;
  readonly escalationChannels: readonly string[];
  readonly groupBy: string;
  readonly resolveCondition: string;
  readonly onNoData: AlertRule['on_no_data'];
  readonly tags: string;
}

export const newDraft: RuleDraft = {
  name: '',
  description: '',
  condition: '',
  threshold: '0',
  window: '5m',
  for: '0s',
  keepFiringFor: '0s',
  level: 'warning',
  channels: [],
  suppressionMinutes: '0',
  escalationMinutes: '0',
  escalationChannels: [],
  groupBy: '',
  resolveCondition: '',
  onNoData: 'ok',
  tags: '',
};

export const draftOf = (rule: AlertRule): RuleDraft => ({
  name: rule.name,
  description: rule.description ?? '',
  condition: rule.condition,
  threshold: String(rule.threshold),
  window: rule.window,
  for: rule.for,
  keepFiringFor: rule.keep_firing_for,
  level: rule.level,
  channels: rule.channels,
  suppressionMinutes: String(rule.suppression_minutes),
  escalationMinutes: String(rule.escalation_minutes),
  escalationChannels: rule.escalation_channels,
  groupBy: rule.group_by.join(', '),
  resolveCondition: rule.resolve_condition ?? '',
  onNoData: rule.on_no_data,
  tags: rule.tags.join(', '),
});

const listOf = (text: string, separator: string | RegExp): string[] => [
  ...new Set(
    text
      .split(separator)
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  ),
];

export function ruleInput(draft: RuleDraft) {
  return {
    name: draft.name.trim(),
    description: draft.description.trim() === '' ? null : draft.description.trim(),
    condition: draft.condition.trim(),
    threshold: Number(draft.threshold),
    window: draft.window.trim(),
    for: draft.for.trim(),
    keep_firing_for: draft.keepFiringFor.trim(),
    level: draft.level,
    channels: [...draft.channels],
    suppression_minutes: Number(draft.suppressionMinutes),
    escalation_minutes: Number(draft.escalationMinutes),
    escalation_channels: [...draft.escalationChannels],
    resolve_condition: draft.resolveCondition.trim() === '' ? null : draft.resolveCondition.trim(),
    on_no_data: draft.onNoData,
    tags: listOf(draft.tags, ','),
    group_by: listOf(draft.groupBy, /[\s,]+/),
  } satisfies AlertRuleInput;
}
