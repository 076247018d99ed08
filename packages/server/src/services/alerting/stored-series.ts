import { StreamFlowError, validationError } from '../../domain/errors.ts';
import { countedGroupBy } from '../../domain/expressions/condition.ts';
import { measured } from '../../domain/expressions/metric-catalogue.ts';
import {
  compileDefinition,
  type DefinedMetric,
  type MeasuredDefinition,
} from '../../domain/metrics/defined-metric.ts';
import { eventTypesOf } from '../../domain/metrics/expressions.ts';
import type { EventFilter } from '../../domain/queries/event-query.ts';
import type { EventStore } from '../../engines/event-store/port.ts';
import { isCounted, readCountedSeries } from './counted-series.ts';
import { readFoldedSeries } from './folded-series.ts';
import type { ReadyRule } from './rule-book.ts';
import type { SeriesQuery, StoredSeries } from './series.ts';

export interface SeriesSource {
  readonly events: Pick<EventStore, 'history' | 'aggregate' | 'export'>;
  /** The metrics that users define, as they are now. */
  readonly definitions: readonly MeasuredDefinition[];
  readonly maxTagValues: number;
}

/** Events that are read one by one for a preview: some seconds of work. */
const mostEventsRead = 500_000;

/**
 * The series of a rule from stored events: by one query where the store counts what it reads, from the events themselves
 * where it does not.
 * @throws StreamFlowError ValidationError when that would be too many events
 */
export async function readStoredSeries(
  { events, definitions, maxTagValues }: SeriesSource,
  rule: ReadyRule,
  query: SeriesQuery,
  signal: AbortSignal,
): Promise<StoredSeries> {
  const conditions = [rule.condition, ...(rule.resolveCondition === null ? [] : [rule.resolveCondition])];
  const figures = conditions.flatMap((condition) => condition.figures);
  const groupBy = rule.definition.group_by;
  if (isCounted(figures, groupBy)) return readCountedSeries(events, figures, groupBy, query, signal);

  const reads = conditions.flatMap((condition) => condition.reads);
  const metrics = new Set(reads.map(({ metric }) => metric));
  const counts = conditions.flatMap((condition) => condition.counts);
  const defined = [
    ...definitions.filter(({ name }) => !counts.some(({ metric }) => metric === name)),
    ...counts.map(({ metric, filter, tags }) => ({
      name: metric,
      type: 'counter' as const,
      filter,
      value: null,
      group_by: countedGroupBy(tags),
    })),
  ].filter(({ name }) => metrics.has(name));
  const types = typesOf(metrics, defined);
  const { project, from, to } = query;
  const filter: EventFilter = { project, start: from, end: to, ...(types === null ? {} : { types }) };
  await refuseTooMany(events, filter, signal);
  return readFoldedSeries(
    events,
    {
      filter,
      metrics,
      definitions: defined.map(compiled),
      groupBy,
      maxTagValues,
      spans: reads.length,
    },
    query,
    signal,
  );
}

function compiled(definition: MeasuredDefinition): DefinedMetric {
  const made = compileDefinition(definition);
  if ('metric' in made) return made.metric;
  const [issue] = made.issues;
  throw new StreamFlowError(
    'ValidationError',
    `The metric ${definition.name} cannot be measured: ${issue?.message ?? 'its definition does not compile'}`,
    { details: { field: 'rule.condition' } },
  );
}

const builtIn: readonly string[] = Object.values(measured);

/** Types of all events that the metrics are measured by; null for any. */
function typesOf(
  metrics: ReadonlySet<string>,
  defined: readonly MeasuredDefinition[],
): readonly string[] | null {
  const types = new Set<string>();
  for (const name of metrics) {
    if (builtIn.includes(name)) return null;
    // Events of type `metric` measure whatever they name.
    types.add('metric');
  }
  for (const { filter } of defined) {
    const own = filter === null ? null : eventTypesOf(filter);
    if (own === null) return null;
    for (const type of own) types.add(type);
  }
  return [...types];
}

async function refuseTooMany(
  events: Pick<EventStore, 'aggregate'>,
  filter: EventFilter,
  signal: AbortSignal,
): Promise<void> {
  const { total } = await events.aggregate({ filter, metric: 'count', groupBy: [], limit: 1 }, { signal });
  if (total === null || total <= mostEventsRead) return;
  throw validationError([
    {
      field: 'from',
      message:
        `A preview of this condition reads every event: the store keeps no quantiles, distinct users or expressions by interval. ` +
        `There are ${total} events in this time, the windows before it included, and at most ${mostEventsRead} are read: choose a shorter one`,
    },
  ]);
}
