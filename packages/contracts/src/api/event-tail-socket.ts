import Type from 'typebox';
import { Event } from '../model/event.ts';
import { AuthFrame, ErrorFrame, PingFrame, PongFrame, ReadyFrame } from './ingestion-socket.ts';
import { fieldFilters } from './metrics.ts';
import { defineSocket } from './route.ts';
import { DataFilter } from './storage.ts';

/* Frames of `WS /ws/events` on the dashboard service, JSON text. */

export const EventTailQuery = Type.Object(
  {
    ...fieldFilters,
    token: Type.Optional(Type.String({ description: 'A JWT or an API key, where headers cannot be set.' })),
    api_key: Type.Optional(Type.String({ description: 'The same.' })),
  },
  { additionalProperties: true },
);

export const EventTailClientFrame = Type.Union([AuthFrame, PingFrame], { $id: 'EventTailClientFrame' });

const EventsFrame = Type.Object(
  {
    type: Type.Literal('events'),
    data: Type.Array(Event, { description: 'In the order of their times.' }),
    matched: Type.Integer({
      minimum: 0,
      description: 'Events that fit and became visible since the frame before; about so many when sampled.',
    }),
    sampled: Type.Boolean({ description: 'Whether `data` has only some of them.' }),
  },
  { $id: 'EventsFrame' },
);
export type EventsFrame = Type.Static<typeof EventsFrame>;

const GapFrame = Type.Object(
  {
    type: Type.Literal('gap'),
    dropped: Type.Integer({ minimum: 1, description: 'Events of the frames that were not sent.' }),
  },
  { $id: 'GapFrame', description: 'Frames were not sent, because those before were not read in time.' },
);

export const EventTailServerFrame = Type.Union([ReadyFrame, EventsFrame, GapFrame, ErrorFrame, PongFrame], {
  $id: 'EventTailServerFrame',
});
export type EventTailServerFrame = Type.Static<typeof EventTailServerFrame>;

export const eventTailSocket = defineSocket({
  path: '/ws/events',
  operationId: 'followEvents',
  summary: 'Follow events as they are stored',
  description:
    'The query has the filters of `GET /events`, those on `data` too, without times. Without credentials in the ' +
    'handshake the first frame is `auth`, within 5 seconds and of at most 4 KB. `ready` says that what becomes visible ' +
    'from now on will be told, about once a second in one frame of at most 200 events and 1 MB; `sampled` tells when ' +
    'there were more. An event whose time is more than 10 seconds before that of the newest is not told. A reader that ' +
    'does not keep up gets a `gap` instead of what it did not read. `error` with `ServiceUnavailable` says that the ' +
    'store is away; the socket stays open and goes on.',
  tag: 'Dashboard',
  permission: 'events:read',
  query: EventTailQuery,
  openQuery: DataFilter,
  clientFrame: EventTailClientFrame,
  serverFrame: EventTailServerFrame,
});
