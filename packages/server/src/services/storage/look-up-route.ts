import { EventLookUp, type EventLookUpResult, lookUpEvents, maxLookUpEvents } from '@streamflow/contracts';
import { Compile } from 'typebox/compile';
import type { Clock } from '../../domain/clock.ts';
import { validationError } from '../../domain/errors.ts';
import { formatTimestamp } from '../../domain/events/timestamp.ts';
import type { EventStore } from '../../engines/event-store/port.ts';
import type { MountedRoute } from '../../http/service.ts';

export interface LookUpRouteOptions {
  readonly events: Pick<EventStore, 'receipts' | 'find'>;
  readonly clock: Clock;
}

const lookUp = Compile(EventLookUp);

/** `POST /events/lookup`. */
export function lookUpRoute({ events, clock }: LookUpRouteOptions): MountedRoute {
  return {
    contract: lookUpEvents,
    body: 'parsed',
    async handle({ body, principal }) {
      // The body was checked against the contract; this gives it its type.
      const request = lookUp.Parse(body);
      const ids = [...new Set(request.ids.map((id) => id.toLowerCase()))];
      if (request.events === true && ids.length > maxLookUpEvents) {
        const message = `ids must be at most ${maxLookUpEvents} when events are asked for`;
        throw validationError([{ field: 'ids', message }]);
      }
      const data: EventLookUpResult = {
        found:
          request.events === true
            ? await foundEvents(events, principal.project, ids)
            : await foundReceipts(events, principal.project, ids),
      };
      return {
        success: true,
        message: `${data.found.length} of ${ids.length} ids are stored`,
        data,
        timestamp: formatTimestamp(clock.now()),
      };
    },
  };
}

type Found = EventLookUpResult['found'];

async function foundEvents(
  store: LookUpRouteOptions['events'],
  project: string,
  ids: readonly string[],
): Promise<Found> {
  const events = await store.find(project, ids);
  return events.map((event) => ({ id: event.id, received_at: event.received_at, event }));
}

async function foundReceipts(
  store: LookUpRouteOptions['events'],
  project: string,
  ids: readonly string[],
): Promise<Found> {
  const receipts = await store.receipts(project, ids);
  return [...receipts].map(([id, received]) => ({ id, received_at: formatTimestamp(received) }));
}
