import Type from 'typebox';
import { Severity } from './severity.ts';

/** A UUID of any version, in the canonical 36-character form, either case. */
export const uuidPattern = '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$';

/** Names separated by dots, as in `web.click`: lower-case letters, digits, `_` and `-`; at most 128 characters. */
export const eventTypePattern = '^[a-z0-9][a-z0-9_-]*(\\.[a-z0-9][a-z0-9_-]*)*$';

/** The event types that are accepted without any configuration; a pattern `prefix.*` takes any name below it. */
export const builtInEventTypes = [
  'web.click',
  'web.pageview',
  'api.request',
  'api.response',
  'user.login',
  'user.logout',
  'user.activity',
  'error',
  'metric',
  'custom',
  'custom.*',
] as const;

const Identifier = (description: string) => Type.String({ minLength: 1, maxLength: 256, description });
const JsonObject = (description: string) =>
  Type.Record(Type.String(), Type.Unknown(), { description, default: {} });

const EventId = Type.String({
  format: 'uuid',
  pattern: uuidPattern,
  description: 'Identity of the event. Sending an id again is a no-op that is answered like the first time.',
});
const EventTypeName = Type.String({
  pattern: eventTypePattern,
  maxLength: 128,
  description: 'What happened: one of the allowed event types, for example `web.click`.',
  examples: ['web.click'],
});
const Source = Type.String({
  minLength: 1,
  maxLength: 256,
  description: 'Who says so: the application or component that sends the event.',
  examples: ['website'],
});
const Tags = Type.Array(Type.String({ minLength: 1, maxLength: 128 }), {
  description: 'Free labels; at most `limits.max_tags`.',
  default: [],
});
const CorrelationId = Identifier('Ties together the events of one operation.');
const SessionId = Identifier('The session in which the event happened.');
const UserId = Identifier('The user whom the event is about.');

/** What a client sends. Unknown fields are refused by name. */
export const EventInput = Type.Object(
  {
    id: Type.Optional(EventId),
    type: EventTypeName,
    source: Source,
    timestamp: Type.Optional(
      Type.String({
        format: 'date-time',
        description:
          'When it happened, RFC 3339 with an offset; kept in UTC, cut to milliseconds. The time of receipt unless given.',
      }),
    ),
    severity: Type.Optional(Severity),
    data: Type.Optional(JsonObject('What is known about the event; any JSON object.')),
    metadata: Type.Optional(JsonObject('What is known about the sending; any JSON object.')),
    correlation_id: Type.Optional(Type.Union([CorrelationId, Type.Null()])),
    session_id: Type.Optional(Type.Union([SessionId, Type.Null()])),
    user_id: Type.Optional(Type.Union([UserId, Type.Null()])),
    tags: Type.Optional(Tags),
  },
  { additionalProperties: false, $id: 'EventInput', description: 'An event as a client sends it.' },
);
export type EventInput = Type.Static<typeof EventInput>;

/** An event as it is stored and returned. */
export const Event = Type.Object(
  {
    id: EventId,
    type: EventTypeName,
    source: Source,
    timestamp: Type.String({
      format: 'date-time',
      description: 'When it happened: RFC 3339, UTC, milliseconds.',
    }),
    severity: Severity,
    data: JsonObject('The same JSON values that were sent.'),
    metadata: JsonObject('The same JSON values that were sent.'),
    correlation_id: Type.Union([CorrelationId, Type.Null()]),
    session_id: Type.Union([SessionId, Type.Null()]),
    user_id: Type.Union([UserId, Type.Null()]),
    tags: Tags,
    received_at: Type.String({
      format: 'date-time',
      description: 'When StreamFlow took it in: RFC 3339, UTC, milliseconds.',
    }),
  },
  { additionalProperties: false, $id: 'Event', description: 'An event as it is stored and returned.' },
);
export type Event = Type.Static<typeof Event>;
