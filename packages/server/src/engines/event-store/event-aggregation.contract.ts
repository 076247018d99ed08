import { aggregationMetrics } from '@streamflow/contracts';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AggregationQuery, GroupKey } from '../../domain/queries/event-query.ts';
import { isErrorEvent } from '../../domain/queries/matches-filter.ts';
import { blockOf, makeEvent, minute, noon, propertyEvents, valueSets } from './event-fixtures.contract.ts';
import type { EventStore } from './port.ts';
import { recount, recountHistory } from './recount.contract.ts';

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
          session_id: i % 7 === 0 ? null : `session ${i % 23}`,
          tags: i % 4 === 0 ? ['x', 'y'] : i % 4 === 1 ? ['x'] : [],
          data: {
            duration: i % 6 === 0 ? 'slow' : (i * 37) % 101,
            duration_ms: i * 10,
            response_time: i % 3 === 0 ? i / 100 : i % 4 === 0 ? -1 : null,
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

    it.each(['unique_sessions', 'error_count', 'error_rate'] as const)(
      '%s is right over all, by group and by interval',
      async (metric) => {
        await expectRecount({ metric, groupBy: [], limit: 1 });
        await expectRecount({ metric, groupBy: [field('type'), property('page')], limit: 3 });
        await expectRecount({ metric, groupBy: [field('user_id')], limit: 3, interval: 10 * minute });
      },
    );

    // Of whole quarter-hours, of whole minutes, and of neither.
    const moments = [-30, 15, 17, 17.1, 45, 60, 1440].map((minutes) => noon + minutes * minute);

    it.each(['count', 'unique_users', 'error_rate', 'avg', 'p95'] as const)(
      'parts time at any moments, %s',
      async (metric) => {
        const field = metric === 'avg' || metric === 'p95' ? ({ field: 'response_time' } as const) : {};
        for (const interval of [moments, moments.filter((time) => time % minute === 0)]) {
          const filter = { project, start: noon - 20 * minute, end: noon + 70 * minute };
          await expectRecount({ filter, metric, ...field, groupBy: [], limit: 1, interval });
          await expectRecount({ filter, metric, ...field, groupBy: [property('page')], limit: 2, interval });
        }
      },
    );

    it('keeps the groups that are given, and no others', async () => {
      for (const metric of ['count', 'unique_users'] as const) {
        const only = [['/p3'], ['/p1'], ['there is none']];
        await expectRecount({ metric, groupBy: [property('page')], limit: 10, only, interval: 30 * minute });
        await expectRecount({ metric, groupBy: [field('type')], limit: 10, only: [['error']] });
        await expectRecount({ metric, groupBy: [field('type')], limit: 10, only: [] });
      }
    });

    it('groups by labels of texts', async () => {
      const labels = new Map(
        [...values.map(String), '/p1', '/p2'].map((text, i) => [text, `label ${i % 4}`]),
      );
      const groupBy = [{ kind: 'labelled', path: ['page'], labels, rest: "it's none" } as const];
      await expectRecount({ metric: 'count', groupBy, limit: 10 });
      await expectRecount({ metric: 'unique_users', groupBy, limit: 10 });
    });

    it.each([
      ['from a start to an end', { project, start: noon + 1000, end: noon + 61 * minute }],
      ['of a type', { project, start: noon - 30 * minute, end: noon + 1440 * minute, types: ['metric'] }],
    ])('gives all measures by interval in one history, %s', async (_, filter) => {
      const quarters = moments.filter((time) => time % (15 * minute) === 0);
      const measures = ['users', 'sessions', 'response_time', 'response_time_quantiles'] as const;
      for (const interval of [5 * minute, moments, quarters]) {
        const points = await store().history({ filter, interval, measures });
        const usersAlone = await store().history({ filter, interval });
        expect(usersAlone).toEqual(
          points.map(({ timestamp, events, errors, uniqueUsers }) => ({
            timestamp,
            events,
            errors,
            uniqueUsers,
          })),
        );
        recountHistory(events, filter, interval, points);
      }
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
