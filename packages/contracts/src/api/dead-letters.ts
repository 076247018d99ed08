import Type from 'typebox';
import { defineRoute, Envelope, Page } from './route.ts';

const tag = 'Storage';

export const DeadLetter = Type.Object(
  {
    id: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }),
    queue: Type.Enum(['events.storage', 'events.analytics'], {
      description: 'Where it could not be processed.',
    }),
    reason: Type.String(),
    dead_at: Type.String({ format: 'date-time' }),
    type: Type.Union([Type.String(), Type.Null()], {
      description: 'The type of its events; null when the message cannot be decoded.',
    }),
    events: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
      description: 'How many events it holds; null when the message cannot be decoded.',
    }),
    bytes: Type.Integer({ minimum: 0, description: 'Of its body.' }),
  },
  { $id: 'DeadLetter', description: 'A message of the bus that could not be processed.' },
);
export type DeadLetter = Type.Static<typeof DeadLetter>;

export const DeadLetterContent = Type.Object(
  {
    ...DeadLetter.properties,
    headers: Type.Record(Type.String(), Type.Unknown(), { description: 'Of the message, as they came.' }),
    lines: Type.Array(Type.String(), {
      description: 'The body by lines, one event each; bytes that are no UTF-8 are shown as U+FFFD.',
    }),
  },
  { $id: 'DeadLetterContent' },
);
export type DeadLetterContent = Type.Static<typeof DeadLetterContent>;

export const ListDeadLettersQuery = Type.Object(
  {
    page: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, default: 1 })),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'Page size.' }),
    ),
  },
  { additionalProperties: false },
);
export type ListDeadLettersQuery = Type.Static<typeof ListDeadLettersQuery>;

export const DeadLetterParams = Type.Object({
  letter_id: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$', description: 'Id of the dead letter.' }),
});
export type DeadLetterParams = Type.Static<typeof DeadLetterParams>;

export const listDeadLetters = defineRoute({
  method: 'GET',
  path: '/dead-letters',
  operationId: 'listDeadLetters',
  summary: 'List dead letters',
  description:
    'Messages that could not be processed, oldest first. They stay until they are replayed or dropped.',
  tag,
  permission: 'events:read',
  query: ListDeadLettersQuery,
  responses: { 200: { description: 'A page of dead letters.', schema: Page(DeadLetter) } },
});

export const getDeadLetter = defineRoute({
  method: 'GET',
  path: '/dead-letters/:letter_id',
  operationId: 'getDeadLetter',
  summary: 'Get a dead letter with its content',
  tag,
  permission: 'events:read',
  params: DeadLetterParams,
  responses: { 200: { description: 'The dead letter.', schema: Envelope(DeadLetterContent) } },
});

export const replayDeadLetter = defineRoute({
  method: 'POST',
  path: '/dead-letters/:letter_id/replay',
  operationId: 'replayDeadLetter',
  summary: 'Replay a dead letter',
  description:
    'Publishes it to its queue again, and removes it once it is durable there. When it fails again it is a dead letter again, under another id.',
  tag,
  permission: 'admin',
  params: DeadLetterParams,
  responses: { 200: { description: 'The dead letter as it was.', schema: Envelope(DeadLetter) } },
});

export const dropDeadLetter = defineRoute({
  method: 'DELETE',
  path: '/dead-letters/:letter_id',
  operationId: 'dropDeadLetter',
  summary: 'Drop a dead letter',
  description: 'Its events are lost for ever.',
  tag,
  permission: 'admin',
  params: DeadLetterParams,
  responses: { 200: { description: 'The dead letter as it was.', schema: Envelope(DeadLetter) } },
});

export const deadLetterRoutes = [listDeadLetters, getDeadLetter, replayDeadLetter, dropDeadLetter] as const;
