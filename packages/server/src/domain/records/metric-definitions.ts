import { metricTypes } from '@streamflow/contracts';
import Type from 'typebox';
import { defineRecordKind, type Stored } from './record-kind.ts';

const MetricDefinitionRecordFields = Type.Object({
  name: Type.String(),
  description: Type.String(),
  type: Type.Enum([...metricTypes]),
  unit: Type.String(),
  /** CEL; null for every event. */
  filter: Type.Union([Type.String(), Type.Null()]),
  /** CEL; null to count events. */
  value: Type.Union([Type.String(), Type.Null()]),
  /** CEL by tag name. */
  group_by: Type.Record(Type.String(), Type.String()),
  enabled: Type.Boolean(),
});

export type MetricDefinitionRecord = Stored<Type.Static<typeof MetricDefinitionRecordFields>>;

export const metricDefinitions = defineRecordKind(MetricDefinitionRecordFields, {
  name: 'metric_definitions',
  columns: {
    name: 'text',
    description: 'text',
    type: 'text',
    unit: 'text',
    filter: 'text',
    value: 'text',
    group_by: 'json',
    enabled: 'boolean',
  },
  unique: [['project', 'name']],
  filters: ['name', 'enabled'],
  orders: ['name'],
  unversioned: [],
});

const MetricDefinitionOriginFields = Type.Object({
  /** As the configuration names it. */
  file: Type.String(),
});

/** Of the definitions that files keep, by their ids. */
export const metricDefinitionOrigins = defineRecordKind(MetricDefinitionOriginFields, {
  name: 'metric_definition_origins',
  columns: { file: 'text' },
  unique: [],
  filters: [],
  orders: [],
  unversioned: [],
});
