import Type from 'typebox';
import { Issue } from '../errors.ts';
import { Event, EventInput } from '../model/event.ts';
import { defineRoute, Envelope } from './route.ts';

const tag = 'Ingestion';
const SentAt = Type.String({
  format: 'date-time',
  description:
    "The sender's clock at sending. Event timestamps are shifted by its difference to ours; the original is kept in `metadata`.",
});

export const EventIdParams = Type.Object({
  event_id: Type.String({ format: 'uuid', description: 'Id of the event.' }),
});

export const createEvent = defineRoute({
  method: 'POST',
  path: '/events',
  operationId: 'createEvent',
  summary: 'Create an event',
  description: 'The answer is given when the event is durable: flushed to disk, or confirmed by the broker.',
  tag,
  permission: 'events:write',
  headers: Type.Object({ 'x-sent-at': Type.Optional(SentAt) }, { additionalProperties: true }),
  body: EventInput,
  responses: {
    201: {
      description: 'The event is durable.',
      schema: Envelope(Type.Object({ event_id: Type.String({ format: 'uuid' }) })),
    },
  },
});

export const EventBatchInput = Type.Object(
  {
    events: Type.Array(EventInput, { minItems: 1, description: 'At most `limits.max_batch_events`.' }),
    sent_at: Type.Optional(SentAt),
  },
  { additionalProperties: false, $id: 'EventBatchInput' },
);
export type EventBatchInput = Type.Static<typeof EventBatchInput>;

export const EventBatchResult = Type.Object({
  event_ids: Type.Array(Type.Union([Type.String({ format: 'uuid' }), Type.Null()]), {
    description: 'In the order of the request; null where an event was refused (with `partial=true`).',
  }),
  accepted: Type.Integer({ minimum: 0 }),
  rejected: Type.Integer({ minimum: 0 }),
  errors: Type.Optional(
    Type.Array(Issue, { description: 'With `partial=true`: what was wrong, each with its index.' }),
  ),
});
export type EventBatchResult = Type.Static<typeof EventBatchResult>;

export const createEventBatch = defineRoute({
  method: 'POST',
  path: '/events/batch',
  operationId: 'createEventBatch',
  summary: 'Create many events',
  description:
    'All or nothing: one bad event refuses the batch with 422 and lists every bad index, unless `partial=true`. ' +
    '`text/plain` with the key in the query string is taken for `navigator.sendBeacon`.',
  tag,
  permission: 'events:write',
  headers: Type.Object({ 'x-sent-at': Type.Optional(SentAt) }, { additionalProperties: true }),
  query: Type.Object(
    {
      partial: Type.Optional(Type.Boolean({ description: 'Accept the good ones and report the bad ones.' })),
      api_key: Type.Optional(Type.String({ description: 'API key, for senders that cannot set headers.' })),
    },
    { additionalProperties: false },
  ),
  body: EventBatchInput,
  consumes: ['application/json', 'text/plain'],
  responses: {
    201: {
      description: 'Every accepted event is durable.',
      schema: Envelope(EventBatchResult),
    },
  },
});

export const getEvent = defineRoute({
  method: 'GET',
  path: '/events/:event_id',
  operationId: 'getEvent',
  summary: 'Get an event',
  description: 'Waits up to a second for an event that was accepted just now.',
  tag,
  permission: 'events:read',
  params: EventIdParams,
  responses: { 200: { description: 'The event.', schema: Envelope(Event) } },
});

export const ingestionRoutes = [createEvent, createEventBatch, getEvent] as const;
