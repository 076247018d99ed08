import Type from 'typebox';
import { errorCodes, Issue } from '../errors.ts';
import { EventInput } from '../model/event.ts';
import { defineSocket } from './route.ts';

/*
 * Frames of `WS /ws` on the ingestion service, JSON text. A socket opened without credentials must send `auth` within
 * 5 s, in frames of at most 4 KB until then. `ref` is any string; the reply to a frame carries it back.
 */

const Ref = Type.Optional(Type.String({ maxLength: 128, description: 'Echoed in the reply.' }));

export const AuthFrame = Type.Object(
  { type: Type.Literal('auth'), token: Type.String({ description: 'A JWT or an API key.' }), ref: Ref },
  { additionalProperties: false, $id: 'AuthFrame' },
);

/**
 * The short form of an event: `event_type` becomes `type`, `source` is `websocket` unless given; `user_id`,
 * `session_id`, `correlation_id`, `severity`, `tags`, `timestamp` and `id` are lifted out, the rest becomes `data`.
 */
export const ShortEvent = Type.Object(
  { event_type: Type.String() },
  {
    additionalProperties: true,
    $id: 'ShortEvent',
    description:
      '`event_type` becomes `type`, `source` is `websocket` unless given; `user_id`, `session_id`, `correlation_id`, ' +
      '`severity`, `tags`, `timestamp` and `id` are lifted out, the rest becomes `data`.',
  },
);

export const EventFrame = Type.Object(
  {
    type: Type.Literal('event'),
    data: Type.Union([ShortEvent, EventInput]),
    ref: Ref,
  },
  { additionalProperties: false, $id: 'EventFrame', description: 'Answered by `ack` with `event_id`.' },
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
  { additionalProperties: false, $id: 'BatchFrame', description: 'Answered by `ack` with `event_ids`.' },
);

export const PingFrame = Type.Object(
  { type: Type.Literal('ping'), ref: Ref },
  { additionalProperties: false, $id: 'PingFrame', description: 'Answered by `pong`.' },
);

export const IngestionClientFrame = Type.Union([AuthFrame, EventFrame, BatchFrame, PingFrame], {
  $id: 'IngestionClientFrame',
});
export type IngestionClientFrame = Type.Static<typeof IngestionClientFrame>;

export const ReadyFrame = Type.Object(
  { type: Type.Literal('ready'), ref: Ref },
  { $id: 'ReadyFrame', description: 'The socket is authenticated.' },
);
const AckFrame = Type.Object(
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
  { $id: 'AckFrame', description: 'Durable.' },
);
export const ErrorFrame = Type.Object(
  {
    type: Type.Literal('error'),
    error: Type.Enum(errorCodes, { description: 'A code of the error catalogue.' }),
    message: Type.String(),
    details: Type.Record(Type.String(), Type.Unknown()),
    retry_after: Type.Optional(Type.Integer({ description: 'Seconds.' })),
    ref: Ref,
  },
  { $id: 'ErrorFrame' },
);
export type ErrorFrame = Type.Static<typeof ErrorFrame>;
export const PongFrame = Type.Object(
  { type: Type.Literal('pong'), timestamp: Type.String({ format: 'date-time' }), ref: Ref },
  { $id: 'PongFrame' },
);

export const IngestionServerFrame = Type.Union([ReadyFrame, AckFrame, ErrorFrame, PongFrame], {
  $id: 'IngestionServerFrame',
});
export type IngestionServerFrame = Type.Static<typeof IngestionServerFrame>;

export const ingestionSocket = defineSocket({
  path: '/ws',
  operationId: 'openIngestionSocket',
  summary: 'Send events over a WebSocket',
  description:
    'Without credentials in the handshake the first frame is `auth`, within 5 seconds and of at most 4 KB; `ready` ' +
    'answers it. Every `event` and `batch` is answered by `ack` when it is durable, or by `error`; `ref` comes back. ' +
    'A frame may be as large as a request body.',
  tag: 'Ingestion',
  permission: 'events:write',
  query: Type.Object({
    token: Type.Optional(Type.String({ description: 'A JWT or an API key, where headers cannot be set.' })),
    api_key: Type.Optional(Type.String({ description: 'The same.' })),
  }),
  clientFrame: IngestionClientFrame,
  serverFrame: IngestionServerFrame,
});
