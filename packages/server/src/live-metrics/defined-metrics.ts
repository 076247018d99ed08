import { countedGroupBy } from '../domain/expressions/condition.ts';
import type { MeasuredDefinition } from '../domain/metrics/defined-metric.ts';
import { metricDefinitions } from '../domain/records/metric-definitions.ts';
import type { RecordStore } from '../engines/record-store/port.ts';
import { mostDefinitions } from './definition-source.ts';

export interface DefinedMetrics {
  list(project: string): Promise<readonly MeasuredDefinition[]>;
  count(
    project: string,
    counted: { readonly metric: string; readonly filter: string; readonly tags: readonly string[] },
  ): Promise<void>;
}

/** The metric definitions of the record store, for those who use metrics by name and add filters to be counted. */
export function createDefinedMetrics(records: RecordStore, newId: () => string): DefinedMetrics {
  return {
    async list(project) {
      const page = await records.list(metricDefinitions, {
        project,
        where: { enabled: true },
        limit: mostDefinitions,
      });
      return page.records;
    },
    count: (project, { metric, filter, tags }) =>
      records.transaction(async (transaction) => {
        if ((await transaction.find(metricDefinitions, { project, name: metric })) !== null) return;
        await transaction.insert(metricDefinitions, {
          project,
          id: newId(),
          name: metric,
          description: 'Counted for conditions of alert rules.',
          type: 'counter',
          unit: '',
          filter,
          value: null,
          group_by: countedGroupBy(tags),
          enabled: true,
        });
      }),
  };
}
