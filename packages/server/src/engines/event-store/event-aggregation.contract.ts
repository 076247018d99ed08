import { aggregationMetrics } from '@streamflow/contracts';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AggregationQuery, GroupKey } from '../../domain/queries/event-query.ts';
import { isErrorEvent } from '../../domain/queries/matches-filter.ts';
import { blockOf, makeEvent, minute, noon, propertyEvents, valueSets } from './event-fixtures.contract.ts';
import type { EventStore } from './port.ts';
import { recount } from './recount.contract.ts';

const field = (name: Extract<GroupKey, { kind: 'field' }>['field']): GroupKey => ({
  kind: 'field',
  field: name,
});
const property = (...path: string[]): GroupKey => ({ kind: 'property', path });

/** Aggregations, held against a recount in plain JavaScript. */
export function describeAggregations(store: () => EventStore): void {
  describe.each(valueSets)('aggregations, $name', ({ name, values }) => {
    const project = `aggregations, ${name}`;
    const events = [
      ...propertyEvents(values),
      ...Array.from({ length: 200 }, (_, i) =>
        makeEvent({
          timestamp: new Date(noon + i * 7000).toISOString(),
          received_at: new Date(noon + (i % 40) * 1501).toISOString(),
          type: i % 3 === 0 ? 'api.response' : 'metric',
          user_id: i % 5 === 0 ? null : `user ${i % 17}`,
          tags: i % 4 === 0 ? ['x', 'y'] : i % 4 === 1 ? ['x'] : [],
          data: {
            duration: (i * 37) % 101,
            page: `/p${i % 9}`,
            nested: { ms: i / 8 },
            status: [200, '200', 500, '500', 503.5][i % 5],
          },
        }),
      ),
    ].map((event) => ({ ...event, project }));
    beforeAll(async () => {
      await store().append(blockOf(events));
    });
    const expectRecount = async (query: Omit<AggregationQuery, 'filter'> & Partial<AggregationQuery>) => {
      const whole = { filter: { project }, ...query };
      const found = await store().aggregate(whole);
      recount(events, whole, found);
      return found;
    };

    it.each(aggregationMetrics)(
      '%s is right over all, by group, by two groups and by interval',
      async (metric) => {
        const numeric = metric === 'count' || metric === 'unique_users' ? {} : { field: ['duration'] };
        await expectRecount({ metric, ...numeric, groupBy: [], limit: 10 });
        await expectRecount({ metric, ...numeric, groupBy: [field('type')], limit: 10 });
        await expectRecount({ metric, ...numeric, groupBy: [field('tag'), property('page')], limit: 1000 });
        await expectRecount({
          metric,
          ...numeric,
          groupBy: [field('user_id')],
          limit: 3,
          interval: 5 * minute,
        });
        const filter = { project, start: noon, end: noon + 60 * minute, types: ['metric', 'error'] };
        await expectRecount({ filter, metric, ...numeric, groupBy: [], limit: 3, interval: 10 * minute });
      },
    );

    it('takes numbers at any path, and no texts that look like numbers', async () => {
      for (const path of [
        ['nested', 'ms'],
        ['v'],
        ['status'],
        ['list', '0'],
        ['list', '1', 'deep'],
        ['missing'],
      ]) {
        await expectRecount({ metric: 'sum', field: path, groupBy: [field('severity')], limit: 10 });
        await expectRecount({ metric: 'max', field: path, groupBy: [], limit: 10 });
      }
    });

    it.each([
      [property('page')],
      [property('v')],
      [property('status')],
      [property('list', '1', 'deep')],
      [property('a.b')],
      [property('missing')],
      [field('session_id')],
      [field('correlation_id')],
      [field('tag')],
      [field('id')],
      [field('timestamp')],
      [field('received_at')],
      [field('timestamp'), field('tag')],
      [field('received_at'), field('id')],
      [field('source'), field('severity')],
      [property('v'), field('tag')],
    ] as GroupKey[][])('groups by text, %j', async (...groupBy) => {
      await expectRecount({ metric: 'count', groupBy, limit: 1000 });
      await expectRecount({ metric: 'unique_users', groupBy, limit: 4 });
      await expectRecount({ metric: 'avg', field: ['other'], groupBy, limit: 4 });
    });

    it('says what the limit cut off, of the events themselves', async () => {
      const result = await expectRecount({ metric: 'unique_users', groupBy: [property('page')], limit: 2 });
      expect(Object.keys(result.aggregations)).toHaveLength(2);
      expect(result.other).toBeTypeOf('number');
    });

    it('gives events, users and errors by interval in one history', async () => {
      const filter = { project, sources: ['website'] };
      const points = await store().history({ filter, interval: 2 * minute });
      const expected = new Map<number, typeof events>();
      for (const event of events.filter(({ source }) => source === 'website')) {
        const bucket = Math.floor(Date.parse(event.timestamp) / (2 * minute)) * 2 * minute;
        expected.set(bucket, [...(expected.get(bucket) ?? []), event]);
      }
      expect(points).toEqual(
        [...expected]
          .sort(([a], [b]) => a - b)
          .map(([timestamp, members]) => ({
            timestamp,
            events: members.length,
            uniqueUsers: new Set(members.flatMap(({ user_id }) => user_id ?? [])).size,
            errors: members.filter(isErrorEvent).length,
          })),
      );
    });

    it('fills empty intervals between a start and an end, and only there', async () => {
      const filter = { project, start: noon - 10 * minute, end: noon + 10 * minute };
      const filled = await store().aggregate({
        filter,
        metric: 'count',
        groupBy: [],
        limit: 1,
        interval: minute,
      });
      expect(filled.series).toHaveLength(20);
      expect(filled.series?.[0]).toEqual({
        timestamp: new Date(noon - 10 * minute).toISOString(),
        aggregations: {},
        total: 0,
      });
      const open = await store().aggregate({
        filter: { project: 'nobody' },
        metric: 'count',
        groupBy: [],
        limit: 1,
        interval: minute,
      });
      expect(open).toEqual({ aggregations: {}, total: 0, series: [], period: { start: null, end: null } });
    });
  });
}
