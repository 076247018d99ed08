import Type from 'typebox';

export const alertLevels = ['info', 'warning', 'error', 'critical'] as const;
export const AlertLevel = Type.Enum([...alertLevels], { description: 'How bad it is, from least to most.' });
export type AlertLevel = Type.Static<typeof AlertLevel>;

export const channelTypes = ['email', 'slack', 'webhook', 'sms'] as const;
export const ChannelType = Type.Enum([...channelTypes], { description: 'How a channel is reached.' });
export type ChannelType = Type.Static<typeof ChannelType>;

/** Lower-case letters, digits, `_` and `-`; at most 64 characters. */
export const channelNamePattern = '^[a-z0-9][a-z0-9_-]{0,63}$';

const AlertChannel = Type.String({
  pattern: `^(${channelTypes.join('|')})(:[a-z0-9][a-z0-9_-]{0,63})?$`,
  description: 'Every channel of a type (`webhook`), or one by its name (`webhook:oncall`).',
  examples: ['webhook:oncall'],
});
const Channels = (description: string) =>
  Type.Array(AlertChannel, { maxItems: 50, uniqueItems: true, description });
const Duration = (description: string) =>
  Type.String({ pattern: '^[0-9]{1,6}[smhd]$', description, examples: ['5m'] });
const Condition = (description: string) => Type.String({ minLength: 1, maxLength: 1000, description });

/** What makes a rule, whole. */
export const AlertRuleFields = {
  name: Type.String({ minLength: 1, maxLength: 200, description: 'Unique in the project.' }),
  description: Type.Union([Type.String({ maxLength: 2000 }), Type.Null()], { description: 'For people.' }),
  condition: Condition(
    'When it is bad, in CEL over the live metrics: `error_rate > 0.05`, `p95(response_time) > threshold`, ' +
      '`count(event.type == "error" && event.source == "api") > 20`, `change(events_total, "1h") < -0.5`. A number ' +
      'alone is compared with the threshold.',
  ),
  threshold: Type.Number({ description: 'The variable `threshold` of the conditions.' }),
  window: Duration('The time before now that the metrics are of, from `1s` to `24h`.'),
  level: AlertLevel,
  channels: Channels('Who is told.'),
  enabled: Type.Boolean({ description: 'Whether it is evaluated.' }),
  suppression_minutes: Type.Integer({
    minimum: 0,
    maximum: 10_080,
    description: 'For so long after an alert of a group was told, another of the same group is not.',
  }),
  escalation_minutes: Type.Integer({
    minimum: 0,
    maximum: 10_080,
    description: 'An alert that nobody acknowledged for so long is told at the next level; 0 for never.',
  }),
  escalation_channels: Channels('Who is told then; the channels of the rule when there are none.'),
  for: Duration('How long the condition must hold before it fires.'),
  keep_firing_for: Duration('How long it must be over before it is resolved.'),
  resolve_condition: Type.Union([Condition('When it is over.'), Type.Null()], {
    description: 'Null: when the condition does not hold.',
  }),
  group_by: Type.Array(Type.String({ pattern: '^[a-z][a-z0-9_]{0,63}$' }), {
    maxItems: 4,
    uniqueItems: true,
    description:
      'Tags that every metric of the conditions has: one alert for each combination of their values. `count(…)` over ' +
      'events has type, source, severity, user_id, session_id and correlation_id.',
  }),
  on_no_data: Type.Enum(['ok', 'alert', 'keep'], {
    description:
      'Without values: as if the condition did not hold, as if it did, or as it was. Counts of nothing are 0 and no ' +
      'lack of values.',
  }),
  tags: Type.Array(Type.String({ minLength: 1, maxLength: 128 }), {
    maxItems: 50,
    uniqueItems: true,
    description: 'Free labels.',
  }),
  metadata: Type.Record(Type.String(), Type.Unknown(), { description: 'Anything else.' }),
};

export const AlertRuleDefinition = Type.Object(AlertRuleFields, { $id: 'AlertRuleDefinition' });
export type AlertRuleDefinition = Type.Static<typeof AlertRuleDefinition>;

/** What a rule is where it does not say. */
export const alertRuleDefaults: Omit<AlertRuleDefinition, 'name' | 'condition'> = {
  description: null,
  threshold: 0,
  window: '5m',
  level: 'warning',
  channels: [],
  enabled: true,
  suppression_minutes: 0,
  escalation_minutes: 0,
  escalation_channels: [],
  for: '0s',
  keep_firing_for: '0s',
  resolve_condition: null,
  group_by: [],
  on_no_data: 'ok',
  tags: [],
  metadata: {},
};

const { name, condition, ...optional } = AlertRuleFields;

/** A rule as it is given; what is left out has its default. */
export const AlertRuleInput = Type.Object(
  { name, condition, ...Type.Partial(Type.Object(optional)).properties },
  {
    additionalProperties: false,
    $id: 'AlertRuleInput',
    description: 'Defaults: see the documentation of each field.',
  },
);
export type AlertRuleInput = Type.Static<typeof AlertRuleInput>;

/** The fields of a rule that change; the others stay. */
export const AlertRuleChange = Type.Object(Type.Partial(Type.Object(AlertRuleFields)).properties, {
  additionalProperties: false,
  minProperties: 1,
  $id: 'AlertRuleChange',
});
export type AlertRuleChange = Type.Static<typeof AlertRuleChange>;

export const AlertRule = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    ...AlertRuleFields,
    managed_by: Type.Union([Type.String(), Type.Null()], {
      description: 'The file that keeps it, where it is changed; null for one that is changed here.',
    }),
    created_at: Type.String({ format: 'date-time' }),
    updated_at: Type.String({ format: 'date-time' }),
    version: Type.Integer({ minimum: 1, description: 'Raised by each change; also the `ETag`.' }),
  },
  { $id: 'AlertRule', description: 'When to alert, and whom.' },
);
export type AlertRule = Type.Static<typeof AlertRule>;
