import { AlertRuleDefinition, alertLevels, channelTypes, SilenceMatcher } from '@streamflow/contracts';
import Type from 'typebox';
import { defineRecordKind, type Stored } from './record-kind.ts';

const AlertRuleRecordFields = Type.Object({
  name: Type.String(),
  enabled: Type.Boolean(),
  level: Type.Enum([...alertLevels]),
  /** The whole rule; the other fields repeat what lists are narrowed by. */
  definition: AlertRuleDefinition,
});
export type AlertRuleRecord = Stored<Type.Static<typeof AlertRuleRecordFields>>;

export const alertRules = defineRecordKind(AlertRuleRecordFields, {
  name: 'alert_rules',
  columns: { name: 'text', enabled: 'boolean', level: 'text', definition: 'json' },
  unique: [['project', 'name']],
  filters: ['enabled', 'level'],
  orders: [],
  unversioned: [],
});

const AlertRuleOriginFields = Type.Object({
  /** As the configuration names it. */
  file: Type.String(),
});

/** Of the rules that files keep, by their ids. */
export const alertRuleOrigins = defineRecordKind(AlertRuleOriginFields, {
  name: 'alert_rule_origins',
  columns: { file: 'text' },
  unique: [],
  filters: [],
  orders: [],
  unversioned: [],
});

const AlertChannelRecordFields = Type.Object({
  type: Type.Enum([...channelTypes]),
  name: Type.String(),
  enabled: Type.Boolean(),
  /** The configuration, encrypted. */
  sealed_config: Type.String(),
  /** What of it may be shown. */
  shown_config: Type.Record(Type.String(), Type.Unknown()),
});
export type AlertChannelRecord = Stored<Type.Static<typeof AlertChannelRecordFields>>;

export const alertChannels = defineRecordKind(AlertChannelRecordFields, {
  name: 'alert_channels',
  columns: {
    type: 'text',
    name: 'text',
    enabled: 'boolean',
    sealed_config: 'text',
    shown_config: 'json',
  },
  unique: [['project', 'type', 'name']],
  filters: ['type'],
  orders: [],
  unversioned: [],
});

const AlertSilenceRecordFields = Type.Object({
  matchers: Type.Array(SilenceMatcher),
  /** Milliseconds since the epoch. */
  starts_at: Type.Integer(),
  /** Milliseconds since the epoch; not included. */
  ends_at: Type.Integer(),
  comment: Type.String(),
  created_by: Type.String(),
});
export type AlertSilenceRecord = Stored<Type.Static<typeof AlertSilenceRecordFields>>;

export const alertSilences = defineRecordKind(AlertSilenceRecordFields, {
  name: 'alert_silences',
  columns: {
    matchers: 'json',
    starts_at: 'integer',
    ends_at: 'integer',
    comment: 'text',
    created_by: 'text',
  },
  unique: [],
  filters: [],
  orders: ['ends_at'],
  unversioned: [],
});
