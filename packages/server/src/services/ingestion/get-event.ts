import { getEvent } from '@streamflow/contracts';
import type { Clock } from '../../domain/clock.ts';
import { StreamFlowError } from '../../domain/errors.ts';
import type { MountedRoute } from '../../http/service.ts';
import { type ReadEventOptions, readEvent } from './read-event.ts';

/** `GET /events/{event_id}`. */
export function getEventRoute(options: ReadEventOptions & { readonly clock: Clock }): MountedRoute {
  return {
    contract: getEvent,
    async handle({ params, principal, signal }) {
      const id = eventId(params);
      const event = await readEvent(principal.project, id.toLowerCase(), signal, options);
      if (event === null) throw new StreamFlowError('NotFound', `There is no event with the id ${id}`);
      return {
        success: true,
        message: 'Event retrieved successfully',
        data: event,
        timestamp: new Date(options.clock.now()).toISOString(),
      };
    },
  };
}

function eventId(params: unknown): string {
  if (
    typeof params === 'object' &&
    params !== null &&
    'event_id' in params &&
    typeof params.event_id === 'string'
  )
    return params.event_id;
  throw new Error('The route was reached without its parameter');
}
