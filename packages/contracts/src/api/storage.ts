import Type from 'typebox';
import { Event, uuidPattern } from '../model/event.ts';
import { Severity } from '../model/severity.ts';
import { EventIdParams } from './ingestion.ts';
import { readLedger } from './ledger.ts';
import { readRetention } from './retention.ts';
import { defineRoute, Envelope, Page } from './route.ts';

const tag = 'Storage';

/** A parameter that may be given once or repeated; repeated values are alternatives. */
const Repeatable = <T extends Type.TSchema>(item: T, description: string) =>
  Type.Optional(Type.Array(item, { description: `${description} Repeatable; any of the values.` }));

/**
 * The filters that every event query takes. Beside these, any `data.<path>=<value>` (repeatable) compares a property
 * of `data`; path segments are separated by dots, and a segment with other characters is quoted: `data."id.orig_h"`.
 */
export const eventFilterProperties = {
  start: Type.Optional(
    Type.String({ format: 'date-time', description: 'Earliest event time, inclusive; RFC 3339.' }),
  ),
  end: Type.Optional(
    Type.String({ format: 'date-time', description: 'Latest event time, exclusive; RFC 3339.' }),
  ),
  type: Repeatable(Type.String(), 'Event type.'),
  source: Repeatable(Type.String(), 'Source.'),
  severity: Repeatable(Severity, 'Severity.'),
  user_id: Repeatable(Type.String(), 'User.'),
  session_id: Repeatable(Type.String(), 'Session.'),
  correlation_id: Repeatable(Type.String(), 'Correlation id.'),
  tag: Repeatable(Type.String(), 'Events that carry the tag.'),
};

/** Conditions on properties of `data`, each a query parameter of its own. */
export const DataFilter = Type.Record(Type.String({ pattern: '^data\\..+$' }), Type.String(), {
  title: 'data.<path>',
  description:
    'Any number of parameters `data.<path>=<value>`, at most 20 different paths: the property of `data` at the path ' +
    'equals the value. Segments of a path are separated by dots, list elements by their position, and a segment with ' +
    'other characters is in double quotes: `data.page=/pricing`, `data.items.0.price=5`, `data."id.orig_h"=10.0.0.1`. ' +
    'A text equals its value, a number any spelling of it, and `true`, `false` and `null` themselves. A path may be ' +
    'repeated; any of its values.',
});

export const EventOrder = Type.Enum(['desc', 'asc'], {
  description: 'By event time: newest first (desc, the default) or oldest first (asc).',
});

export const ListEventsQuery = Type.Object(
  {
    ...eventFilterProperties,
    order: Type.Optional(EventOrder),
    page: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, default: 1 })),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'Page size.' }),
    ),
    cursor: Type.Optional(
      Type.String({
        description: '`pagination.next_cursor` of the page before, instead of `page`; the order is the same.',
      }),
    ),
  },
  { additionalProperties: true },
);

export const listEvents = defineRoute({
  method: 'GET',
  path: '/events',
  operationId: 'listEvents',
  summary: 'Query events',
  tag,
  permission: 'events:read',
  query: ListEventsQuery,
  openQuery: DataFilter,
  responses: { 200: { description: 'A page of events.', schema: Page(Event) } },
});

export const getStoredEvent = defineRoute({
  method: 'GET',
  path: '/events/:event_id',
  operationId: 'getStoredEvent',
  summary: 'Get an event',
  tag,
  permission: 'events:read',
  params: EventIdParams,
  responses: { 200: { description: 'The event.', schema: Envelope(Event) } },
});

/** Ids that one look-up asks for, and events that one returns. */
export const maxLookUpIds = 20_000;
export const maxLookUpEvents = 1000;

export const EventLookUp = Type.Object(
  {
    ids: Type.Array(Type.String({ format: 'uuid', pattern: uuidPattern }), {
      minItems: 1,
      maxItems: maxLookUpIds,
      description: `At most ${maxLookUpIds}, and ${maxLookUpEvents} with \`events\`.`,
    }),
    events: Type.Optional(Type.Boolean({ description: 'Return the events too.', default: false })),
  },
  { additionalProperties: false, $id: 'EventLookUp' },
);
export type EventLookUp = Type.Static<typeof EventLookUp>;

export const EventLookUpResult = Type.Object(
  {
    found: Type.Array(
      Type.Object({
        id: Type.String({ format: 'uuid', description: 'In lower case.' }),
        received_at: Type.String({
          format: 'date-time',
          description:
            'When the event that is stored came in: the first with this id. The answer to a batch carries the time of ' +
            'its receipt as `timestamp`, so a sender can tell whether it was the first.',
        }),
        event: Type.Optional(Event),
      }),
      { description: 'Those that are stored, in no order.' },
    ),
  },
  { $id: 'EventLookUpResult' },
);
export type EventLookUpResult = Type.Static<typeof EventLookUpResult>;

const Uuid = Type.String({ format: 'uuid', pattern: uuidPattern });
const Moment = Type.String({ format: 'date-time' });

export const CountReceivedQuery = Type.Object(
  {
    first: { ...Uuid, description: 'The lowest id, inclusive; ids are ordered as texts in lower case.' },
    last: { ...Uuid, description: 'The highest id, inclusive.' },
    received_from: { ...Moment, description: 'Earliest time of receipt, inclusive; RFC 3339.' },
    received_to: { ...Moment, description: 'Latest time of receipt, inclusive; RFC 3339.' },
  },
  { additionalProperties: false },
);

export const CountReceivedResult = Type.Object(
  { received: Type.Integer({ minimum: 0, description: 'How many events are stored with both.' }) },
  { $id: 'CountReceivedResult' },
);
export type CountReceivedResult = Type.Static<typeof CountReceivedResult>;

export const countReceivedEvents = defineRoute({
  method: 'GET',
  path: '/events/lookup/count',
  operationId: 'countReceivedEvents',
  summary: 'Count events by id and receipt',
  description:
    'How many stored events have an id in a range and came in within a time: whether ids that follow one another, as ' +
    'an import gives them, were all new.',
  tag,
  permission: 'events:read',
  query: CountReceivedQuery,
  responses: { 200: { description: 'The count.', schema: Envelope(CountReceivedResult) } },
});

export const lookUpEvents = defineRoute({
  method: 'POST',
  path: '/events/lookup',
  changes: false,
  operationId: 'lookUpEvents',
  summary: 'Look many ids up',
  description: 'Says which of the ids are stored, and since when.',
  tag,
  permission: 'events:read',
  body: EventLookUp,
  responses: { 200: { description: 'What is stored.', schema: Envelope(EventLookUpResult) } },
});

/** What can be computed over events; all but the first two need `field=data.<path>` and use its numeric values. */
export const aggregationMetrics = [
  'count',
  'unique_users',
  'sum',
  'avg',
  'min',
  'max',
  'p50',
  'p90',
  'p95',
  'p99',
] as const;
export type AggregationMetric = (typeof aggregationMetrics)[number];

/**
 * Event fields that `group_by` takes, beside any `data.<path>`: all that are one value, and the tags one by one.
 * `tag`, as the filter is called, and `tags`, as the field is, mean the same.
 */
export const groupableFields = [
  'id',
  'type',
  'source',
  'timestamp',
  'severity',
  'correlation_id',
  'session_id',
  'user_id',
  'tag',
  'tags',
  'received_at',
] as const;
export type GroupableField = (typeof groupableFields)[number];

export const AggregateEventsQuery = Type.Object(
  {
    ...eventFilterProperties,
    metric: Type.Optional(Type.Enum([...aggregationMetrics], { default: 'count' })),
    field: Type.Optional(
      Type.String({
        description: '`data.<path>` whose numeric values are aggregated; for all but count and unique_users.',
      }),
    ),
    group_by: Type.Optional(
      Type.Array(Type.String(), {
        maxItems: 2,
        description:
          'Event field or `data.<path>`; repeat or separate by a comma for two. Events without a value are under ' +
          '`null`. Times are grouped by the millisecond, in UTC; `interval` is for longer spans. With `tags` (or `tag`) ' +
          'there is a group for each tag, and an event counts in every one of its tags, so that groups may add up to ' +
          `more than \`total\`, which counts it once. Fields: ${groupableFields.map((name) => `\`${name}\``).join(', ')}.`,
      }),
    ),
    interval: Type.Optional(
      Type.String({
        pattern: '^[1-9][0-9]{0,5}[smhd]$',
        description:
          'Adds `series`: one point an interval, aligned to the epoch in UTC; `30s`, `5m`, `1h`, `1d`.',
      }),
    ),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 1000,
        default: 100,
        description: 'The largest groups that are kept; the rest are in `other`.',
      }),
    ),
  },
  { additionalProperties: true },
);

export const AggregateValue = Type.Union([Type.Number(), Type.Null()], {
  description: 'null where there was no numeric value to aggregate.',
});
export const Aggregations = Type.Record(
  Type.String(),
  Type.Union([AggregateValue, Type.Record(Type.String(), AggregateValue)]),
  { description: 'Value by group; with two `group_by`, by group and group. Empty without `group_by`.' },
);

export const AggregationResult = Type.Object(
  {
    aggregations: Aggregations,
    total: AggregateValue,
    other: Type.Optional(
      Type.Union([AggregateValue, Type.Record(Type.String(), AggregateValue)], {
        description: 'The metric over all that the limit cut off; present when it cut something off.',
      }),
    ),
    series: Type.Optional(
      Type.Array(
        Type.Object({
          timestamp: Type.String({ format: 'date-time', description: 'Start of the interval.' }),
          aggregations: Aggregations,
          total: AggregateValue,
          other: Type.Optional(AggregateValue),
        }),
      ),
    ),
    period: Type.Object({
      start: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
      end: Type.Union([Type.String({ format: 'date-time' }), Type.Null()]),
    }),
  },
  { $id: 'AggregationResult' },
);
export type AggregationResult = Type.Static<typeof AggregationResult>;

export const aggregateEvents = defineRoute({
  method: 'GET',
  path: '/events/aggregations',
  operationId: 'aggregateEvents',
  summary: 'Aggregate events',
  tag,
  permission: 'events:read',
  query: AggregateEventsQuery,
  openQuery: DataFilter,
  responses: { 200: { description: 'The metric by group, and over all.', schema: AggregationResult } },
});

export const ExportEventsQuery = Type.Object(
  {
    ...eventFilterProperties,
    order: Type.Optional(EventOrder),
    format: Type.Optional(Type.Enum(['ndjson', 'csv'], { default: 'ndjson' })),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, description: 'At most so many events; all unless given.' }),
    ),
  },
  { additionalProperties: true },
);

export const exportEvents = defineRoute({
  method: 'GET',
  path: '/events/export',
  operationId: 'exportEvents',
  summary: 'Export events',
  description:
    'Streams every event that fits. In CSV, `data`, `metadata` and `tags` are JSON, and cells that a spreadsheet would run start with an apostrophe.',
  tag,
  permission: 'events:read',
  query: ExportEventsQuery,
  openQuery: DataFilter,
  responses: {
    200: {
      description: 'One event a line (NDJSON), or CSV with a header.',
      contentType: 'application/x-ndjson',
    },
  },
});

export const storageRoutes = [
  listEvents,
  aggregateEvents,
  exportEvents,
  lookUpEvents,
  countReceivedEvents,
  getStoredEvent,
  readLedger,
  readRetention,
] as const;
