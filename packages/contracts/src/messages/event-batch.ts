import Type from 'typebox';

/**
 * What travels on the `events` exchange: events of one project and one type as NDJSON, routing key `events.<type>`.
 * The body is one event a line (see event-line.ts), each line ended by `\n`.
 */
export const EventBatchHeaders = Type.Object(
  {
    schema: Type.Literal(1, { description: 'Version of this message format.' }),
    project: Type.String(),
    type: Type.String({ description: 'The type of every event in the body.' }),
    count: Type.Integer({ minimum: 1, description: 'Lines in the body.' }),
    client_ids: Type.Boolean({
      description:
        'Whether any id was chosen by a client, so that it may be known already. Ids made at the edge are new unless the message is delivered again.',
    }),
    traceparent: Type.Optional(Type.String({ description: 'W3C trace context of the request.' })),
  },
  { additionalProperties: true },
);
export type EventBatchHeaders = Type.Static<typeof EventBatchHeaders>;

/** Routing key of a batch of events of one type. */
export const eventRoutingKey = (type: string): string => `events.${type}`;
