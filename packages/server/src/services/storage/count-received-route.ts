import { type CountReceivedResult, countReceivedEvents, uuidPattern } from '@streamflow/contracts';
import type { Clock } from '../../domain/clock.ts';
import { formatTimestamp } from '../../domain/events/timestamp.ts';
import { readInstant } from '../../domain/queries/parse-event-filter.ts';
import { createQueryReader, type QueryReader } from '../../domain/queries/query-reader.ts';
import type { EventStore, ReceivedQuery } from '../../engines/event-store/port.ts';
import type { MountedRoute } from '../../http/service.ts';

export interface CountReceivedRouteOptions {
  readonly events: Pick<EventStore, 'countReceived'>;
  readonly clock: Clock;
}

/** `GET /events/lookup/count`. */
export function countReceivedRoute({ events, clock }: CountReceivedRouteOptions): MountedRoute {
  return {
    contract: countReceivedEvents,
    async handle({ query, principal }) {
      const received = await events.countReceived(parseQuery(query, principal.project));
      const data: CountReceivedResult = { received };
      return {
        success: true,
        message: `${received} events are stored`,
        data,
        timestamp: formatTimestamp(clock.now()),
      };
    },
  };
}

function parseQuery(query: unknown, project: string): ReceivedQuery {
  const reader = createQueryReader(query);
  const found = {
    project,
    first: readId(reader, 'first') ?? '',
    last: readId(reader, 'last') ?? '',
    from: readTime(reader, 'received_from') ?? 0,
    to: readTime(reader, 'received_to') ?? 0,
  };
  reader.finish();
  return found;
}

const uuid = new RegExp(uuidPattern);

function readId(reader: QueryReader, name: string): string | undefined {
  const text = reader.text(name);
  return text !== undefined && uuid.test(text)
    ? text.toLowerCase()
    : reader.refuse(name, `${name} must be a UUID`);
}

function readTime(reader: QueryReader, name: string): number | undefined {
  if (!reader.names.includes(name)) return reader.refuse(name, `${name} must be given`);
  return readInstant(reader, name);
}
