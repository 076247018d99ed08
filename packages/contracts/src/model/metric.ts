import Type from 'typebox';

/** What kind of values a metric has. */
export const metricTypes = ['counter', 'gauge', 'histogram', 'timer'] as const;
export const MetricType = Type.Enum([...metricTypes], {
  description:
    'counter: values are added up; gauge: the last one counts; histogram: a distribution; timer: a distribution of seconds.',
});
export type MetricType = Type.Static<typeof MetricType>;

/** Lower-case letters, digits, `_` and `.`; at most 128 characters. */
export const metricNamePattern = '^[a-z][a-z0-9_.]{0,127}$';
export const MetricName = Type.String({
  pattern: metricNamePattern,
  description: 'Name of a metric: lower-case letters, digits, `_` and `.`, at most 128 characters.',
  examples: ['checkout_value'],
});

/** Lower-case letters, digits and `_`; at most 64 characters. */
export const tagNamePattern = '^[a-z][a-z0-9_]{0,63}$';

/** Where the values of tags beyond a metric's cap are counted. */
export const otherTagValue = '__other__';

/** One measurement, or what many came to. */
export const MetricData = Type.Object(
  {
    name: MetricName,
    type: MetricType,
    value: Type.Number({ description: 'In the unit of the metric; a timer has seconds.' }),
    timestamp: Type.String({ format: 'date-time', description: 'When it was measured.' }),
    tags: Type.Record(Type.String({ pattern: tagNamePattern }), Type.String({ maxLength: 256 }), {
      description: `By name; values beyond the cap of a metric are \`${otherTagValue}\`.`,
    }),
    metadata: Type.Record(Type.String(), Type.Unknown(), { description: 'What else is known of it.' }),
  },
  { $id: 'MetricData', description: 'One measurement, or what many came to.' },
);
export type MetricData = Type.Static<typeof MetricData>;

const Expression = (description: string) => Type.String({ minLength: 1, maxLength: 2000, description });

export const MetricDefinitionFields = {
  name: MetricName,
  description: Type.String({ maxLength: 1000, description: 'For people.' }),
  type: MetricType,
  unit: Type.String({ maxLength: 32, description: '`seconds`, `EUR`, or empty for plain numbers.' }),
  filter: Type.Union([Expression('A CEL condition over `event`: which events are measured.'), Type.Null()], {
    description: 'Null measures every event.',
  }),
  value: Type.Union(
    [Expression('A CEL expression over `event`: the number that is measured.'), Type.Null()],
    { description: 'Null counts events. Events for which it gives no number are not measured.' },
  ),
  group_by: Type.Record(
    Type.String({ pattern: tagNamePattern }),
    Expression('A CEL expression over `event`: the value of the tag, as text.'),
    {
      maxProperties: 4,
      additionalProperties: false,
      description: 'Tags by name, for reading the metric in parts; at most four.',
    },
  ),
  enabled: Type.Boolean({ description: 'Whether it is measured.' }),
};

/** A metric that users define; measured by every analytics worker within seconds of its change. */
export const MetricDefinition = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    ...MetricDefinitionFields,
    managed_by: Type.Union([Type.String(), Type.Null()], {
      description: 'The file that keeps it, where it is changed; null for one that is changed here.',
    }),
    created_at: Type.String({ format: 'date-time' }),
    updated_at: Type.String({ format: 'date-time' }),
    version: Type.Integer({ minimum: 1, description: 'Raised by each change; also the `ETag`.' }),
  },
  { $id: 'MetricDefinition', description: 'A metric that is computed from events as a user defines.' },
);
export type MetricDefinition = Type.Static<typeof MetricDefinition>;
