import { type Issue, liveFigureNames, type MetricDefinitionBody } from '@streamflow/contracts';
import { validationError } from '../domain/errors.ts';
import { isBuiltInMetric } from '../domain/metrics/built-in-metrics.ts';
import { compileDefinition, type DefinedMetric } from '../domain/metrics/defined-metric.ts';
import type { MetricDefinitionRecord } from '../domain/records/metric-definitions.ts';

/** What users say of a metric, with what they left out. */
export type DefinitionFields = Pick<
  MetricDefinitionRecord,
  'name' | 'description' | 'type' | 'unit' | 'filter' | 'value' | 'group_by' | 'enabled'
>;

export const definitionFields = (body: MetricDefinitionBody): DefinitionFields => ({
  name: body.name,
  description: body.description ?? '',
  type: body.type,
  unit: body.unit ?? '',
  filter: body.filter ?? null,
  value: body.value ?? null,
  group_by: body.group_by ?? {},
  enabled: body.enabled ?? true,
});

const isTaken = (name: string): boolean =>
  isBuiltInMetric(name) || liveFigureNames.some((known) => known === name);

/** @throws StreamFlowError ValidationError with each field that is not acceptable */
export function usableMetric(fields: DefinitionFields): DefinedMetric {
  if (isTaken(fields.name))
    throw validationError([{ field: 'name', message: `name is ${fields.name}, which is a built-in metric` }]);
  const made = compileDefinition(fields);
  if ('metric' in made) return made.metric;
  const [first, ...others]: readonly Issue[] = made.issues;
  if (first === undefined) throw new Error('A definition was refused without an issue');
  throw validationError([first, ...others]);
}
