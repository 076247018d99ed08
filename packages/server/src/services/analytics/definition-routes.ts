import {
  backfillMetricDefinition,
  createMetricDefinition,
  deleteMetricDefinition,
  getMetricDefinition,
  listMetricDefinitions,
  type MetricDefinition,
  MetricDefinitionBody,
  MetricDefinitionParams,
  RecordListQuery,
  replaceMetricDefinition,
} from '@streamflow/contracts';
import { Compile } from 'typebox/compile';
import { entityTag, matchOptions } from '../../access/routes/entity-tag.ts';
import { envelope, timeText } from '../../access/routes/envelope.ts';
import { readPage } from '../../access/routes/record-pages.ts';
import type { Clock } from '../../domain/clock.ts';
import { StreamFlowError } from '../../domain/errors.ts';
import type { Log } from '../../domain/log.ts';
import {
  type MetricDefinitionRecord,
  metricDefinitionOrigins,
  metricDefinitions,
} from '../../domain/records/metric-definitions.ts';
import type { RecordStore } from '../../engines/record-store/port.ts';
import type { MountedRoute } from '../../http/service.ts';
import { definitionFields, usableMetric } from '../../live-metrics/definition-fields.ts';
import { readDefinitionOrigins, refuseKeptByFile } from '../../live-metrics/definition-origins.ts';
import { mostDefinitions } from '../../live-metrics/definition-source.ts';
import type { Backfilling } from './backfill.ts';
import { readBackfill } from './backfill.ts';

export interface DefinitionRoutesOptions {
  readonly records: RecordStore;
  readonly backfill: Backfilling;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly log: Log;
}

const listQuery = Compile(RecordListQuery);
const params = Compile(MetricDefinitionParams);
const definitionBody = Compile(MetricDefinitionBody);

/** The metrics that users of a project define. */
export function definitionRoutes(options: DefinitionRoutesOptions): MountedRoute[] {
  const { records, clock, log } = options;
  const found = async (project: string, given: unknown): Promise<MetricDefinitionRecord> => {
    const record = await records.get(metricDefinitions, {
      project,
      id: params.Parse(given).id.toLowerCase(),
    });
    if (record === null) throw new StreamFlowError('NotFound', 'There is no such metric definition');
    return record;
  };
  return [
    {
      contract: listMetricDefinitions,
      async handle({ query, principal: { project } }) {
        const origins = await readDefinitionOrigins(records, project);
        return readPage(records, metricDefinitions, { project }, listQuery.Parse(query), (record) =>
          view(record, origins.get(record.id) ?? null),
        );
      },
    },
    {
      contract: createMetricDefinition,
      async handle({ body, principal: { project, id: by }, reply }) {
        const fields = definitionFields(definitionBody.Parse(body));
        usableMetric(fields);
        const record = await records.transaction(async (transaction) => {
          if ((await transaction.count(metricDefinitions, { project })) >= mostDefinitions)
            throw new StreamFlowError('Conflict', `There are ${mostDefinitions} definitions already`);
          return transaction.insert(metricDefinitions, { project, id: options.newId(), ...fields });
        });
        log.info('Metric defined', { metric: record.name, by });
        reply.header('etag', entityTag(record));
        return envelope('Metric defined successfully', view(record, null), clock.now());
      },
    },
    {
      contract: getMetricDefinition,
      async handle({ params: given, principal: { project }, reply }) {
        const record = await found(project, given);
        const origin = await records.get(metricDefinitionOrigins, record);
        reply.header('etag', entityTag(record));
        return envelope(
          'Metric definition retrieved successfully',
          view(record, origin?.file ?? null),
          clock.now(),
        );
      },
    },
    {
      contract: replaceMetricDefinition,
      async handle({ params: given, body, headers, principal: { project, id: by }, reply }) {
        const fields = definitionFields(definitionBody.Parse(body));
        usableMetric(fields);
        const ref = { project, id: params.Parse(given).id.toLowerCase() };
        const record = await records.transaction(async (transaction) => {
          await refuseKeptByFile(transaction, ref);
          return transaction.update(metricDefinitions, ref, fields, matchOptions(headers['if-match']));
        });
        log.info('Metric definition replaced', { metric: record.name, by });
        reply.header('etag', entityTag(record));
        return envelope('Metric definition replaced successfully', view(record, null), clock.now());
      },
    },
    {
      contract: deleteMetricDefinition,
      async handle({ params: given, principal: { project, id: by } }) {
        const record = await found(project, given);
        await records.transaction(async (transaction) => {
          await refuseKeptByFile(transaction, record);
          await transaction.delete(metricDefinitions, record);
        });
        log.info('Metric definition deleted', { metric: record.name, by });
        return envelope('Metric definition deleted successfully', view(record, null), clock.now());
      },
    },
    {
      contract: backfillMetricDefinition,
      async handle({ params: given, body, principal: { project }, signal }) {
        const metric = usableMetric(await found(project, given));
        const done = await options.backfill.run(project, metric, readBackfill(body), signal);
        return envelope('Metric computed from the stored events', done, clock.now());
      },
    },
  ];
}

const view = (record: MetricDefinitionRecord, managedBy: string | null): MetricDefinition => ({
  id: record.id,
  name: record.name,
  description: record.description,
  type: record.type,
  unit: record.unit,
  filter: record.filter,
  value: record.value,
  group_by: record.group_by,
  enabled: record.enabled,
  managed_by: managedBy,
  created_at: timeText(record.created_at),
  updated_at: timeText(record.updated_at),
  version: record.version,
});
