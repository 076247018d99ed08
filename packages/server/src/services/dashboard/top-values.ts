import { TopValuesQuery, topValues } from '@streamflow/contracts';
import type { Clock } from '../../domain/clock.ts';
import { readEventFilter } from '../../domain/queries/parse-event-filter.ts';
import { readGroupKey } from '../../domain/queries/parse-measured.ts';
import { readPeriod } from '../../domain/queries/parse-period.ts';
import { createQueryReader } from '../../domain/queries/query-reader.ts';
import type { EventStore } from '../../engines/event-store/port.ts';
import type { MountedRoute } from '../../http/service.ts';
import { findTopValues, type TopValuesRequest } from '../../reports/top-values.ts';

const defaultLimit = 10;
const maxLimit = 1000;

export interface TopValuesOptions {
  readonly events: Pick<EventStore, 'aggregate'>;
  readonly clock: Clock;
}

/** The most frequent values of any property. */
export function topValuesRoute({ events, clock }: TopValuesOptions): MountedRoute {
  return {
    contract: topValues,
    handle: ({ query, principal: { project }, signal }) =>
      findTopValues(events, readRequest(query, project, clock.now()), { signal }),
  };
}

function readRequest(query: unknown, project: string, now: number): TopValuesRequest {
  const reader = createQueryReader(query);
  const filter = readEventFilter(reader, project, TopValuesQuery);
  const period = readPeriod(reader, filter, now);
  const property = readGroupKey(reader, 'property', reader.text('property') ?? '');
  const limit = reader.integer('limit', 1, maxLimit) ?? defaultLimit;
  reader.finish();
  return { filter, period, property: property ?? { kind: 'field', field: 'type' }, limit };
}
