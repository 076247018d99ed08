import Type from 'typebox';
import { errorCodes, Issue } from '../errors.ts';
import { EventInput } from '../model/event.ts';

/*
 * Frames of `WS /ws` on the ingestion service, JSON text. A socket opened without credentials must send `auth` within
 * 5 s, in frames of at most 4 KB until then. `ref` is any string; the reply to a frame carries it back.
 */

const Ref = Type.Optional(Type.String({ maxLength: 128, description: 'Echoed in the reply.' }));

export const AuthFrame = Type.Object(
  { type: Type.Literal('auth'), token: Type.String({ description: 'A JWT or an API key.' }), ref: Ref },
  { additionalProperties: false },
);

/**
 * The short form of an event: `event_type` becomes `type`, `source` is `websocket` unless given; `user_id`,
 * `session_id`, `correlation_id`, `severity`, `tags`, `timestamp` and `id` are lifted out, the rest becomes `data`.
 */
export const ShortEvent = Type.Object({ event_type: Type.String() }, { additionalProperties: true });

export const EventFrame = Type.Object(
  {
    type: Type.Literal('event'),
    data: Type.Union([ShortEvent, EventInput]),
    ref: Ref,
  },
  { additionalProperties: false },
);

export const BatchFrame = Type.Object(
  {
    type: Type.Literal('batch'),
    data: Type.Object(
      {
        events: Type.Array(Type.Union([ShortEvent, EventInput]), { minItems: 1 }),
        partial: Type.Optional(Type.Boolean()),
        sent_at: Type.Optional(Type.String({ format: 'date-time' })),
      },
      { additionalProperties: false },
    ),
    ref: Ref,
  },
  { additionalProperties: false },
);

export const PingFrame = Type.Object(
  { type: Type.Literal('ping'), ref: Ref },
  { additionalProperties: false },
);

export const IngestionClientFrame = Type.Union([AuthFrame, EventFrame, BatchFrame, PingFrame], {
  $id: 'IngestionClientFrame',
});
export type IngestionClientFrame = Type.Static<typeof IngestionClientFrame>;

export const IngestionServerFrame = Type.Union(
  [
    Type.Object({ type: Type.Literal('ready'), ref: Ref }, { description: 'The socket is authenticated.' }),
    Type.Object(
      {
        type: Type.Literal('ack'),
        event_id: Type.Optional(Type.String({ format: 'uuid', description: 'Reply to `event`.' })),
        event_ids: Type.Optional(
          Type.Array(Type.Union([Type.String({ format: 'uuid' }), Type.Null()]), {
            description: 'Reply to `batch`.',
          }),
        ),
        errors: Type.Optional(Type.Array(Issue)),
        ref: Ref,
      },
      { description: 'Durable.' },
    ),
    Type.Object({
      type: Type.Literal('error'),
      error: Type.Enum(errorCodes, { description: 'A code of the error catalogue.' }),
      message: Type.String(),
      details: Type.Record(Type.String(), Type.Unknown()),
      retry_after: Type.Optional(Type.Integer({ description: 'Seconds.' })),
      ref: Ref,
    }),
    Type.Object({ type: Type.Literal('pong'), timestamp: Type.String({ format: 'date-time' }), ref: Ref }),
  ],
  { $id: 'IngestionServerFrame' },
);
export type IngestionServerFrame = Type.Static<typeof IngestionServerFrame>;
