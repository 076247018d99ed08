import Type from 'typebox';
import { defineRoute, Page } from './route.ts';
import {
  AggregateValue,
  Aggregations,
  aggregationMetrics,
  DataFilter,
  eventFilterProperties,
} from './storage.ts';

const tag = 'Dashboard';

/** The metrics that need no definition, as the stored events answer them. */
export const storedMetrics = [
  'events_total',
  'unique_users',
  'error_count',
  'error_rate',
  'events_per_second',
  'active_users',
  'active_sessions',
  'response_time_avg',
  'response_time_p50',
  'response_time_p95',
  'response_time_p99',
] as const;
export type StoredMetric = (typeof storedMetrics)[number];

/** What is said of ranges and intervals of time, the same for every route that has them. */
export const periodProperties = {
  start: Type.Optional(
    Type.String({
      format: 'date-time',
      description: 'Earliest event time, inclusive; RFC 3339. 24 hours before the end unless given.',
    }),
  ),
  end: Type.Optional(
    Type.String({
      format: 'date-time',
      description: 'Latest event time, exclusive; RFC 3339. Now unless given.',
    }),
  ),
};
const timeZone = Type.Optional(
  Type.String({
    default: 'UTC',
    description:
      'IANA name of the zone whose days, weeks, months and hours are meant, such as `Europe/Berlin`.',
  }),
);
export const intervalProperties = {
  interval: Type.Optional(
    Type.String({
      pattern: '^[1-9][0-9]{0,6}(s|m|h|d|w|mo)$',
      default: '1h',
      description:
        'Length of a point: `1s` to `30d`, `1w` to `4w`, `1mo` to `12mo`. Days, weeks (from Monday) and months are those ' +
        'of the calendar in `time_zone`; several are counted from 1970-01-01, the week of it, and January 1970. Seconds, ' +
        'minutes and hours that divide a day begin anew at each midnight there; other numbers of hours are counted from ' +
        'the epoch in UTC.',
    }),
  ),
  time_zone: timeZone,
};

const { start: _start, end: _end, ...fieldFilters } = eventFilterProperties;

export { fieldFilters };

const responseTime = (what: string) =>
  Type.Optional(
    Type.Union([Type.Number({ minimum: 0 }), Type.Null()], {
      description:
        `${what} response time, seconds: \`data.response_time\` or \`data.duration\`, which are in seconds, or ` +
        '`data.duration_ms`; the first that is a number of zero or more. null where there was none.',
    }),
  );

export const HistoricalMetricsQuery = Type.Object(
  {
    ...periodProperties,
    ...intervalProperties,
    metrics: Type.Optional(
      Type.Array(Type.String(), {
        description:
          `What a point says; \`events_total\`, \`unique_users\` and \`error_count\` unless given. Repeat, or separate by ` +
          `commas. Any of ${storedMetrics.map((name) => `\`${name}\``).join(', ')}.`,
      }),
    ),
    ...fieldFilters,
    page: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, default: 1 })),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10_000, default: 1000, description: 'Points a page.' }),
    ),
  },
  { additionalProperties: true },
);
export type HistoricalMetricsQuery = Type.Static<typeof HistoricalMetricsQuery>;

const Count = (description?: string) =>
  Type.Optional(Type.Integer({ minimum: 0, ...(description === undefined ? {} : { description }) }));

export const HistoricalMetrics = Type.Object(
  {
    timestamp: Type.String({ format: 'date-time', description: 'Start of the interval.' }),
    events_total: Count(),
    unique_users: Count('Different values of `user_id`; exact.'),
    error_count: Count(
      'Events of type `error`, and of type `api.response` with `data.status` or `data.status_code` of 500 or above.',
    ),
    error_rate: Type.Optional(
      Type.Number({ minimum: 0, maximum: 1, description: 'Share of errors; 0 without events.' }),
    ),
    events_per_second: Type.Optional(
      Type.Number({
        minimum: 0,
        description: 'Over the part of the interval that is between `start` and `end`.',
      }),
    ),
    active_users: Count('Users who were seen in the interval: the same as `unique_users`.'),
    active_sessions: Count('Different values of `session_id`; exact.'),
    response_time_avg: responseTime('Average'),
    response_time_p50: responseTime('Median'),
    response_time_p95: responseTime('95th percentile of the'),
    response_time_p99: responseTime('99th percentile of the'),
  },
  { $id: 'HistoricalMetrics', description: 'A point; it has the metrics that were asked for.' },
);
export type HistoricalMetrics = Type.Static<typeof HistoricalMetrics>;

export const historicalMetrics = defineRoute({
  method: 'GET',
  path: '/metrics/historical',
  operationId: 'historicalMetrics',
  summary: 'Get historical data',
  description:
    'One point an interval, oldest first, also where nothing happened; from the stored events, exact.',
  tag,
  permission: 'metrics:read',
  query: HistoricalMetricsQuery,
  openQuery: DataFilter,
  responses: { 200: { description: 'A page of points.', schema: Page(HistoricalMetrics) } },
});

/** What a period can be compared with. */
export const comparisons = [
  'previous',
  'previous_day',
  'previous_week',
  'previous_month',
  'previous_year',
] as const;
export type Comparison = (typeof comparisons)[number];

export const MetricSeriesQuery = Type.Object(
  {
    ...periodProperties,
    ...intervalProperties,
    metric: Type.Optional(
      Type.Enum([...storedMetrics, ...aggregationMetrics.filter((name) => name !== 'unique_users')], {
        default: 'events_total',
        description: 'A metric by its name, or an aggregation: `count`, or one with `field`.',
      }),
    ),
    field: Type.Optional(
      Type.String({ description: '`data.<path>` whose numeric values an aggregation is over.' }),
    ),
    group_by: Type.Optional(
      Type.Array(Type.String(), {
        maxItems: 2,
        description:
          'Event field or `data.<path>`; repeat or separate by a comma for two. Events without a value are under ' +
          '`null`; with `tag`, an event counts in every one of its tags.',
      }),
    ),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 100,
        default: 10,
        description: 'The largest groups that are kept; the rest are in `other`.',
      }),
    ),
    compare: Type.Optional(
      Type.Enum([...comparisons], {
        description:
          'Adds `previous`, the same groups in another period. `previous`: the one of the same length before, as many ' +
          'local days where it begins and ends at midnights. Others: the same times a day, week, month or year earlier ' +
          'in `time_zone`.',
      }),
    ),
    ...fieldFilters,
  },
  { additionalProperties: true },
);

const Period = Type.Object({
  start: Type.String({ format: 'date-time' }),
  end: Type.String({ format: 'date-time' }),
});

const seriesProperties = {
  data: Type.Array(
    Type.Object({
      timestamp: Type.String({ format: 'date-time', description: 'Start of the interval.' }),
      value: AggregateValue,
      groups: Type.Optional(Aggregations),
      other: Type.Optional(AggregateValue),
    }),
    { description: 'One point an interval, oldest first, also where nothing happened.' },
  ),
  total: AggregateValue,
  groups: Type.Optional(Aggregations),
  other: Type.Optional(AggregateValue),
  period: Period,
};

export const MetricSeries = Type.Object(
  {
    ...seriesProperties,
    metric: Type.String(),
    interval: Type.String(),
    time_zone: Type.String({ description: 'As the time zone database spells it.' }),
    previous: Type.Optional(Type.Object(seriesProperties, { description: 'With `compare`.' })),
  },
  { $id: 'MetricSeries' },
);
export type MetricSeries = Type.Static<typeof MetricSeries>;

export const metricSeries = defineRoute({
  method: 'GET',
  path: '/metrics/series',
  operationId: 'metricSeries',
  summary: 'Get one metric over time',
  description: 'By group and beside another period where that is asked for; from the stored events.',
  tag,
  permission: 'metrics:read',
  query: MetricSeriesQuery,
  openQuery: DataFilter,
  responses: { 200: { description: 'The series.', schema: MetricSeries } },
});

/** What lists of the most frequent values take. */
export const topQueryProperties = {
  ...periodProperties,
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 10, description: 'Values.' })),
  ...fieldFilters,
};

export const TopValuesQuery = Type.Object(
  {
    property: Type.String({ description: 'Event field or `data.<path>`.' }),
    ...topQueryProperties,
  },
  { additionalProperties: true },
);

export const TopValue = Type.Object(
  {
    value: Type.String({ description: '`null` has the events without a value.' }),
    count: Type.Integer({ minimum: 0 }),
    share: Type.Number({ minimum: 0, maximum: 1, description: 'Of all events that fit the filters.' }),
    previous_count: Type.Integer({
      minimum: 0,
      description: 'In the period of the same length before.',
    }),
    change: Type.Union([Type.Number(), Type.Null()], {
      description: '0.5 is half as many more than in the period before; null when there was none.',
    }),
  },
  { $id: 'TopValue' },
);
export type TopValue = Type.Static<typeof TopValue>;

export const TopValues = Type.Object(
  {
    data: Type.Array(TopValue, { description: 'Most frequent first.' }),
    other: Type.Integer({ minimum: 0, description: 'Events whose value is not among them.' }),
    total: Type.Integer({ minimum: 0 }),
    previous_total: Type.Integer({ minimum: 0 }),
    period: Period,
    previous_period: Period,
  },
  { $id: 'TopValues' },
);
export type TopValues = Type.Static<typeof TopValues>;

export const topValues = defineRoute({
  method: 'GET',
  path: '/metrics/top',
  operationId: 'topValues',
  summary: 'Get the most frequent values of a property',
  description:
    'By events, with their share and how they changed. With `tag` an event counts in every one of its tags.',
  tag,
  permission: 'metrics:read',
  query: TopValuesQuery,
  openQuery: DataFilter,
  responses: { 200: { description: 'Values.', schema: TopValues } },
});
