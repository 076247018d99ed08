import Type from 'typebox';
import { MetricDefinition, MetricDefinitionFields } from '../model/metric.ts';
import { defineRoute, Envelope, Page } from './route.ts';
import { IfMatchHeaders, RecordListQuery } from './users.ts';

const tag = 'Metrics';
const ofFile = '409 for a definition that a file keeps (`managed_by`).';

const { name, description, type, unit, filter, value, group_by, enabled } = MetricDefinitionFields;

/** What a definition is made of; the same for creation and for replacement. */
export const MetricDefinitionBody = Type.Object(
  {
    name,
    description: Type.Optional(description),
    type,
    unit: Type.Optional(unit),
    filter: Type.Optional(filter),
    value: Type.Optional(value),
    group_by: Type.Optional(group_by),
    enabled: Type.Optional(enabled),
  },
  { additionalProperties: false, $id: 'MetricDefinitionBody' },
);
export type MetricDefinitionBody = Type.Static<typeof MetricDefinitionBody>;

export const MetricDefinitionParams = Type.Object({
  id: Type.String({ format: 'uuid', description: 'Id of the definition.' }),
});
export type MetricDefinitionParams = Type.Static<typeof MetricDefinitionParams>;

export const BackfillBody = Type.Object(
  {
    minutes: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1440,
        default: 60,
        description: 'So many minutes before now are computed from the stored events.',
      }),
    ),
  },
  { additionalProperties: false, $id: 'BackfillBody' },
);
export type BackfillBody = Type.Static<typeof BackfillBody>;

export const Backfill = Type.Object(
  {
    start: Type.String({ format: 'date-time', description: 'Event time, included.' }),
    end: Type.String({ format: 'date-time', description: 'Not included.' }),
    events: Type.Integer({ minimum: 0, description: 'Stored events that were read.' }),
    measured: Type.Integer({ minimum: 0, description: 'Those of them that the metric measures.' }),
  },
  { $id: 'Backfill' },
);
export type Backfill = Type.Static<typeof Backfill>;

export const listMetricDefinitions = defineRoute({
  method: 'GET',
  path: '/metric-definitions',
  operationId: 'listMetricDefinitions',
  summary: 'List metric definitions',
  description: 'Newest first.',
  tag,
  permission: 'metrics:read',
  query: RecordListQuery,
  responses: { 200: { description: 'Definitions.', schema: Page(MetricDefinition) } },
});

export const createMetricDefinition = defineRoute({
  method: 'POST',
  path: '/metric-definitions',
  operationId: 'createMetricDefinition',
  summary: 'Define a metric',
  description:
    'Every worker measures it within seconds. Expressions are checked: 422 names the field and the position. 409 when ' +
    'the name is taken, 422 when it is that of a built-in metric.',
  tag,
  permission: 'metrics:write',
  body: MetricDefinitionBody,
  responses: { 201: { description: 'The definition.', schema: Envelope(MetricDefinition) } },
});

export const getMetricDefinition = defineRoute({
  method: 'GET',
  path: '/metric-definitions/:id',
  operationId: 'getMetricDefinition',
  summary: 'Get a metric definition',
  tag,
  permission: 'metrics:read',
  params: MetricDefinitionParams,
  responses: { 200: { description: 'The definition.', schema: Envelope(MetricDefinition) } },
});

export const replaceMetricDefinition = defineRoute({
  method: 'PUT',
  path: '/metric-definitions/:id',
  operationId: 'replaceMetricDefinition',
  summary: 'Replace a metric definition',
  description: `What was measured before stays as it was; a backfill computes it anew. ${ofFile}`,
  tag,
  permission: 'metrics:write',
  params: MetricDefinitionParams,
  headers: IfMatchHeaders,
  body: MetricDefinitionBody,
  responses: { 200: { description: 'The definition.', schema: Envelope(MetricDefinition) } },
});

export const deleteMetricDefinition = defineRoute({
  method: 'DELETE',
  path: '/metric-definitions/:id',
  operationId: 'deleteMetricDefinition',
  summary: 'Delete a metric definition',
  description: ofFile,
  tag,
  permission: 'metrics:write',
  params: MetricDefinitionParams,
  responses: {
    200: { description: 'It is gone; the definition as it was.', schema: Envelope(MetricDefinition) },
  },
});

export const backfillMetricDefinition = defineRoute({
  method: 'POST',
  path: '/metric-definitions/:id/backfill',
  operationId: 'backfillMetricDefinition',
  summary: 'Compute a metric from the stored events',
  description:
    'Replaces what is live of the metric in the last minutes, everywhere; for a definition that was made or changed. ' +
    'Answers when it is done.',
  tag,
  permission: 'metrics:write',
  params: MetricDefinitionParams,
  body: BackfillBody,
  responses: { 200: { description: 'What was computed.', schema: Envelope(Backfill) } },
});

export const metricDefinitionRoutes = [
  listMetricDefinitions,
  createMetricDefinition,
  getMetricDefinition,
  replaceMetricDefinition,
  deleteMetricDefinition,
  backfillMetricDefinition,
] as const;
