import { createEventBatch, EventBatchInput, type EventBatchResult } from '@streamflow/contracts';
import { validationError } from '../../domain/errors.ts';
import { type NormalisedBatch, normaliseBatch } from '../../domain/events/batch.ts';
import type { SentAt } from '../../domain/events/receipt.ts';
import { restrictTypes } from '../../domain/events/restrict-types.ts';
import { readJson, refuseUnknownFields } from '../../domain/events/strict-json.ts';
import type { MountedRoute } from '../../http/service.ts';
import { sentAtHeader } from './create-event.ts';
import { counted, countRefused, type Intake, publishEvents } from './intake.ts';

const knownFields = Object.keys(EventBatchInput.properties);

/** `POST /events/batch`. */
export function createEventBatchRoute(intake: Intake): MountedRoute {
  const { normalise, takeReceipt, limits } = intake;
  return {
    contract: createEventBatch,
    body: 'raw',
    handle(context) {
      const { project, eventTypes } = context.principal;
      const partial = isPartial(context.query);
      const [batch, receipt] = counted(intake, project, () => {
        const document = readJson(context.rawBody);
        const { events, sentAt = sentAtHeader(context.headers) } = batchFields(document.value);
        const taken = takeReceipt(project, sentAt);
        const options = {
          at: ['events'],
          receipt: taken,
          partial,
          limits,
          normalise: restrictTypes(normalise, eventTypes),
        };
        return [normaliseBatch(document, events, options), taken];
      });
      const refused = batch.ids.length - batch.accepted.length;
      if (refused > 0) countRefused(intake, project, 'invalid', refused);
      const answer = batchCreated(batch, receipt.receivedAtText);
      return new Promise((resolve, reject) => {
        const done = (error: Error | null): void => {
          if (error === null) resolve(answer);
          else reject(error);
        };
        publishEvents(intake, receipt, batch.accepted, done, context.traceparent);
      });
    },
  };
}

const isPartial = (query: unknown): boolean =>
  typeof query === 'object' && query !== null && 'partial' in query && query.partial === true;

function batchFields(body: unknown): { events: unknown; sentAt?: SentAt } {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw validationError([{ field: '', message: 'A batch must be an object with a list of events' }]);
  refuseUnknownFields(body, knownFields);
  return {
    events: 'events' in body ? body.events : undefined,
    ...('sent_at' in body ? { sentAt: { value: body.sent_at, field: 'sent_at' } } : {}),
  };
}

function batchCreated({ accepted, ids, issues }: NormalisedBatch, timestamp: string): string {
  const rejected = ids.length - accepted.length;
  const data: EventBatchResult = {
    event_ids: [...ids],
    accepted: accepted.length,
    rejected,
    ...(rejected > 0 ? { errors: [...issues] } : {}),
  };
  const message = `Batch of ${accepted.length} events created successfully${rejected > 0 ? `, ${rejected} refused` : ''}`;
  return JSON.stringify({ success: true, message, data, timestamp });
}
