import Type from 'typebox';
import {
  fieldFilters,
  intervalProperties,
  periodProperties,
  TopValues,
  topQueryProperties,
} from './metrics.ts';
import { defineRoute } from './route.ts';
import { DataFilter } from './storage.ts';

const tag = 'Analytics';
const open = { additionalProperties: true };
const Count = (description: string) => Type.Integer({ minimum: 0, description });
const Period = Type.Object({
  start: Type.String({ format: 'date-time' }),
  end: Type.String({ format: 'date-time' }),
});

export const EventTrendsQuery = Type.Object(
  {
    ...periodProperties,
    ...intervalProperties,
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 100, default: 10, description: 'Types that are named.' }),
    ),
    ...fieldFilters,
  },
  open,
);

export const EventTrends = Type.Object(
  {
    data: Type.Array(
      Type.Object({
        timestamp: Type.String({ format: 'date-time', description: 'Start of the interval.' }),
        events_total: Count('All events of the interval.'),
        types: Type.Record(Type.String(), Type.Integer({ minimum: 0 }), {
          description: 'Events by type, of the most frequent types of the period.',
        }),
        other: Count('Events of all other types.'),
      }),
      { description: 'One point an interval, oldest first, also where nothing happened.' },
    ),
    total: Count('Events of the period.'),
    previous_total: Count('Events of the period of the same length before.'),
    change: Type.Union([Type.Number(), Type.Null()], {
      description: '0.5 is half as many more than in the period before; null when there was none.',
    }),
    period: Period,
    previous_period: Period,
  },
  { $id: 'EventTrends' },
);
export type EventTrends = Type.Static<typeof EventTrends>;

export const eventTrends = defineRoute({
  method: 'GET',
  path: '/analytics/event-trends',
  operationId: 'eventTrends',
  summary: 'Events by type over time',
  tag,
  permission: 'metrics:read',
  query: EventTrendsQuery,
  openQuery: DataFilter,
  responses: { 200: { description: 'Points.', schema: EventTrends } },
});

/** What user agents tell. */
export const userDimensions = ['device', 'browser', 'os'] as const;
export type UserDimension = (typeof userDimensions)[number];

export const UserDistributionQuery = Type.Object(
  {
    by: Type.Optional(Type.Enum([...userDimensions], { default: 'device' })),
    ...periodProperties,
    ...fieldFilters,
  },
  open,
);

export const UserDistribution = Type.Object(
  {
    data: Type.Array(
      Type.Object({
        name: Type.String({
          description:
            '`desktop`, `mobile`, `tablet`, `tv` or `bot`; the name of the browser; of the operating system. `unknown` ' +
            'where the user agent does not tell.',
        }),
        users: Count('Different values of `user_id`; exact.'),
        events: Count('Events.'),
        share: Type.Number({
          minimum: 0,
          maximum: 1,
          description: 'Of all events that have a user agent.',
        }),
      }),
      { description: 'Most events first.' },
    ),
    total: Count('Events that have a user agent, in `data.user_agent`.'),
    without_user_agent: Count('Events that have none.'),
    period: Period,
  },
  { $id: 'UserDistribution' },
);
export type UserDistribution = Type.Static<typeof UserDistribution>;

export const userDistribution = defineRoute({
  method: 'GET',
  path: '/analytics/user-distribution',
  operationId: 'userDistribution',
  summary: 'Users by device, browser or operating system',
  description:
    'From the user agent in `data.user_agent`. A user of two browsers is a user of each. User agents beyond the 1,000 most frequent count as `unknown`.',
  tag,
  permission: 'metrics:read',
  query: UserDistributionQuery,
  openQuery: DataFilter,
  responses: { 200: { description: 'Groups.', schema: UserDistribution } },
});

export const TopOfQuery = Type.Object(topQueryProperties, open);

const topOf = (name: string, summary: string) =>
  ({
    summary,
    tag,
    permission: 'metrics:read',
    method: 'GET',
    query: TopOfQuery,
    openQuery: DataFilter,
    responses: { 200: { description: `${name}, by events.`, schema: TopValues } },
  }) as const;

export const topSources = defineRoute({
  ...topOf('Sources', 'The sources with most events'),
  path: '/analytics/top-sources',
  operationId: 'topSources',
});

export const eventTypes = defineRoute({
  ...topOf('Types', 'The event types with most events'),
  path: '/analytics/event-types',
  operationId: 'eventTypes',
});

export const analyticsRoutes = [eventTrends, userDistribution, topSources, eventTypes] as const;
