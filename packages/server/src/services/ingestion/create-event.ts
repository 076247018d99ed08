import { createEvent } from '@streamflow/contracts';
import { orThrow } from '../../domain/events/normalise.ts';
import type { SentAt } from '../../domain/events/receipt.ts';
import { restrictTypes } from '../../domain/events/restrict-types.ts';
import { parseJson } from '../../domain/events/strict-json.ts';
import type { MountedRoute, RequestContext } from '../../http/service.ts';
import { counted, type Intake, publishEvents } from './intake.ts';

/** `POST /events`: the hottest path of the product. */
export function createEventRoute(intake: Intake): MountedRoute {
  const { normalise, takeReceipt, limits } = intake;
  return {
    contract: createEvent,
    body: 'raw',
    handle(context) {
      const { project, eventTypes } = context.principal;
      const [event, receipt] = counted(intake, project, () => {
        const input = parseJson(context.rawBody, { maxDepth: limits.maxJsonDepth });
        const taken = takeReceipt(project, sentAtHeader(context.headers));
        return [orThrow(restrictTypes(normalise, eventTypes)(input, taken)), taken];
      });
      const answer = eventCreated(event.id, receipt.receivedAtText);
      return new Promise((resolve, reject) => {
        const done = (error: Error | null): void => {
          if (error === null) resolve(answer);
          else reject(error);
        };
        publishEvents(intake, receipt, [event], done, context.traceparent);
      });
    },
  };
}

/** Written by hand since nothing in it needs escaping. */
const eventCreated = (id: string, timestamp: string): string =>
  `{"success":true,"message":"Event created successfully","data":{"event_id":"${id}"},"timestamp":"${timestamp}"}`;

export function sentAtHeader(headers: RequestContext['headers']): SentAt | undefined {
  const value = headers['x-sent-at'];
  return value === undefined ? undefined : { value, field: 'X-Sent-At' };
}
