import type { RouteContract } from '@streamflow/contracts';
import { TopOfQuery } from '@streamflow/contracts';
import type { Clock } from '../../domain/clock.ts';
import { readEventFilter } from '../../domain/queries/parse-event-filter.ts';
import { readPeriod } from '../../domain/queries/parse-period.ts';
import { createQueryReader } from '../../domain/queries/query-reader.ts';
import type { EventStore } from '../../engines/event-store/port.ts';
import type { MountedRoute } from '../../http/service.ts';
import { findTopValues, type TopValuesRequest } from '../../reports/top-values.ts';

const defaultLimit = 10;
const maxLimit = 1000;

export interface TopOfFieldOptions {
  readonly events: Pick<EventStore, 'aggregate'>;
  readonly clock: Clock;
}

type Field = 'source' | 'type';

/** The most frequent values of one event field. */
export function topOfFieldRoute(
  contract: RouteContract,
  field: Field,
  { events, clock }: TopOfFieldOptions,
): MountedRoute {
  return {
    contract,
    handle: ({ query, principal: { project }, signal }) =>
      findTopValues(events, readRequest(query, project, field, clock.now()), { signal }),
  };
}

function readRequest(query: unknown, project: string, field: Field, now: number): TopValuesRequest {
  const reader = createQueryReader(query);
  const filter = readEventFilter(reader, project, TopOfQuery);
  const period = readPeriod(reader, filter, now);
  const limit = reader.integer('limit', 1, maxLimit) ?? defaultLimit;
  reader.finish();
  return { filter, period, property: { kind: 'field', field }, limit };
}
