import Type from 'typebox';
import { AlertLevel, AlertRule, AlertRuleChange, AlertRuleInput } from '../model/alert-rule.ts';
import { defineRoute, Envelope, Page } from './route.ts';
import { IfMatchHeaders, RecordListQuery } from './users.ts';

const tag = 'Alerting';

export const RuleParams = Type.Object({
  id: Type.String({ format: 'uuid', description: 'Id of the rule.' }),
});
export type RuleParams = Type.Static<typeof RuleParams>;

export const ListRulesQuery = Type.Object(
  {
    ...RecordListQuery.properties,
    enabled: Type.Optional(Type.Boolean()),
    level: Type.Optional(AlertLevel),
  },
  { additionalProperties: false },
);
export type ListRulesQuery = Type.Static<typeof ListRulesQuery>;

export const RulePreviewBody = Type.Object(
  {
    rule: AlertRuleInput,
    from: Type.String({ format: 'date-time', description: 'First moment that is evaluated.' }),
    to: Type.String({ format: 'date-time', description: 'Not included; at most 31 days after `from`.' }),
  },
  { additionalProperties: false, $id: 'RulePreviewBody' },
);
export type RulePreviewBody = Type.Static<typeof RulePreviewBody>;

const Group = Type.Record(Type.String(), Type.String(), { description: 'Values by tag.' });

export const RulePreview = Type.Object(
  {
    firings: Type.Array(
      Type.Object({
        from: Type.String({ format: 'date-time' }),
        to: Type.Union([Type.String({ format: 'date-time' }), Type.Null()], {
          description: 'Null when it still fired at the end.',
        }),
        group: Group,
        peak: Type.Union([Type.Number(), Type.Null()], {
          description: 'The largest value of the first figure of the condition while it fired.',
        }),
      }),
    ),
    notifications: Type.Array(
      Type.Object({
        at: Type.String({ format: 'date-time' }),
        kind: Type.Enum(['firing', 'escalated', 'resolved']),
        channel: Type.String({ description: 'As the rule names it.' }),
        alert: Group,
      }),
    ),
    step: Type.String({ description: 'How far apart the evaluations were.' }),
  },
  { $id: 'RulePreview' },
);
export type RulePreview = Type.Static<typeof RulePreview>;

const ofRule = 'Expressions are checked: 422 names the field and the position.';
const ofFile = '409 for a rule that a file keeps (`managed_by`).';
const rule = (description: string) => ({ 200: { description, schema: Envelope(AlertRule) } });

export const listRules = defineRoute({
  method: 'GET',
  path: '/rules',
  operationId: 'listRules',
  summary: 'List alert rules',
  description: 'Newest first.',
  tag,
  permission: 'alerts:read',
  query: ListRulesQuery,
  responses: { 200: { description: 'Rules.', schema: Page(AlertRule) } },
});

export const createRule = defineRoute({
  method: 'POST',
  path: '/rules',
  operationId: 'createRule',
  summary: 'Create an alert rule',
  description: `It is evaluated every second from then on. ${ofRule} 409 when the name is taken.`,
  tag,
  permission: 'alerts:write',
  body: AlertRuleInput,
  responses: { 201: { description: 'The rule.', schema: Envelope(AlertRule) } },
});

export const getRule = defineRoute({
  method: 'GET',
  path: '/rules/:id',
  operationId: 'getRule',
  summary: 'Get an alert rule',
  tag,
  permission: 'alerts:read',
  params: RuleParams,
  responses: rule('The rule.'),
});

export const replaceRule = defineRoute({
  method: 'PUT',
  path: '/rules/:id',
  operationId: 'replaceRule',
  summary: 'Replace an alert rule',
  description: `What is left out has its default. ${ofRule} ${ofFile}`,
  tag,
  permission: 'alerts:write',
  params: RuleParams,
  headers: IfMatchHeaders,
  body: AlertRuleInput,
  responses: rule('The rule.'),
});

export const updateRule = defineRoute({
  method: 'PATCH',
  path: '/rules/:id',
  operationId: 'updateRule',
  summary: 'Change an alert rule',
  description: `What is left out stays. ${ofRule} ${ofFile}`,
  tag,
  permission: 'alerts:write',
  params: RuleParams,
  headers: IfMatchHeaders,
  body: AlertRuleChange,
  responses: rule('The rule.'),
});

export const deleteRule = defineRoute({
  method: 'DELETE',
  path: '/rules/:id',
  operationId: 'deleteRule',
  summary: 'Delete an alert rule',
  description: `Its alerts are resolved, and stay in the list. ${ofFile}`,
  tag,
  permission: 'alerts:write',
  params: RuleParams,
  headers: IfMatchHeaders,
  responses: rule('The rule as it was.'),
});

export const previewRule = defineRoute({
  method: 'POST',
  path: '/rules/preview',
  operationId: 'previewRule',
  summary: 'Try an alert rule against stored events',
  description:
    'When it would have fired, and what would have been sent, by the same states, grouping, suppression and escalation as a rule that runs. Nothing is sent or kept. Conditions over more than counts of events, errors and means of response times are tried on at most 500,000 events: 422 names their number where there are more.',
  tag,
  permission: 'alerts:read',
  body: RulePreviewBody,
  responses: { 200: { description: 'What would have happened.', schema: Envelope(RulePreview) } },
});

export const ruleRoutes = [
  listRules,
  createRule,
  previewRule,
  getRule,
  replaceRule,
  updateRule,
  deleteRule,
] as const;
