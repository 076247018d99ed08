import { Event } from '@streamflow/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { StreamFlowError } from '../../domain/errors.ts';
import { formatTimestamp } from '../../domain/events/timestamp.ts';
import { formatEventCursor } from './event-cursor.ts';
import { parseAggregationQuery } from './parse-aggregation-query.ts';
import { parseExportQuery, parseListQuery } from './parse-event-query.ts';

const list = (query: Record<string, unknown>) => parseListQuery(query, 'default');
const aggregate = (query: Record<string, unknown>) => parseAggregationQuery(query, 'default');
const exported = (query: Record<string, unknown>) => parseExportQuery(query, 'default');

function refusal(parse: () => unknown): StreamFlowError {
  try {
    parse();
  } catch (error) {
    if (error instanceof StreamFlowError && error.code === 'ValidationError') return error;
    throw error;
  }
  throw new Error('was accepted');
}
const refusedFields = (parse: () => unknown) => refusal(parse).details.issues?.map(({ field }) => field);

describe('filters', () => {
  it('reads every condition', () => {
    const { query, page } = list({
      start: '2023-12-01T00:00:00Z',
      end: '2023-12-02T01:00:00.123456+01:00',
      type: ['web.click', 'error'],
      source: 'website',
      severity: ['high', 'critical'],
      user_id: ['a', 'a', "Robert'); drop table events;--"],
      session_id: ['s'],
      correlation_id: ['c'],
      tag: ['t'],
      'data.page': '/home',
      'data."id.orig_h"': ['1', '2'],
    });
    expect(page).toBe(1);
    expect(query).toEqual({
      order: 'desc',
      limit: 100,
      offset: 0,
      filter: {
        project: 'default',
        start: Date.UTC(2023, 11, 1),
        end: Date.UTC(2023, 11, 2, 0, 0, 0, 123),
        types: ['web.click', 'error'],
        sources: ['website'],
        severities: ['high', 'critical'],
        userIds: ['a', "Robert'); drop table events;--"],
        sessionIds: ['s'],
        correlationIds: ['c'],
        tags: ['t'],
        properties: [
          { path: ['page'], values: ['/home'] },
          { path: ['id.orig_h'], values: ['1', '2'] },
        ],
      },
    });
  });

  it('takes two spellings of a path as one condition', () => {
    const { filter } = exported({ 'data.a': 'x', 'data."a"': ['y', 'x'] });
    expect(filter.properties).toEqual([{ path: ['a'], values: ['x', 'y'] }]);
  });

  it('names unknown parameters and those that are allowed', () => {
    const error = refusal(() => list({ typ: 'error', __proto__x: '1', user: 'a' }));
    expect(error.details.issues?.map(({ field }) => field)).toEqual(['typ', '__proto__x', 'user']);
    expect(error.details.allowed_values).toEqual(
      expect.arrayContaining(['type', 'user_id', 'tag', 'order', 'page', 'limit', 'cursor', 'data.<path>']),
    );
    expect(refusal(() => aggregate({ page: 2 })).details.allowed_values).toContain('group_by');
  });

  it.each([
    ['start', 'yesterday'],
    ['start', '2023-12-01'],
    ['start', '2023-02-30T00:00:00Z'],
    ['start', '2023-12-01T24:00:00Z'],
    ['start', '2023-12-01T00:00:00'],
    ['start', '1899-12-31T23:59:59Z'],
    ['end', '2300-01-01T00:00:00Z'],
    ['severity', 'urgent'],
    ['user_id', ''],
    ['user_id', 'a\0b'],
    ['data.', 'x'],
    ['data.a b', 'x'],
    ["data.a'); drop table events--", 'x'],
    ['data.a', 'a\0b'],
    ['order', 'up'],
    ['page', '0'],
    ['page', '1.5'],
    ['limit', '1001'],
    ['limit', '-1'],
    ['cursor', 'nonsense'],
  ])('refuses %s=%j by its name', (name, value) => {
    expect(refusedFields(() => list({ [name]: value }))).toEqual([name]);
  });

  it('refuses an empty time range, many values and many properties', () => {
    const start = '2023-12-01T00:00:00Z';
    expect(refusedFields(() => list({ start, end: start }))).toEqual(['end']);
    const values = Array.from({ length: 51 }, (_, n) => `u${n}`);
    expect(refusedFields(() => list({ user_id: values }))).toEqual(['user_id']);
    expect(
      refusedFields(() => list({ 'data.a': values.slice(0, 30), 'data."a"': values.slice(20) })),
    ).toEqual(['data."a"']);
    const properties = Object.fromEntries(values.slice(0, 21).map((name) => [`data.${name}`, '1']));
    expect(refusedFields(() => list(properties))).toEqual(['data.<path>']);
  });

  it('tells everything that is wrong at once', () => {
    expect(refusedFields(() => aggregate({ start: 'x', severity: 'y', metric: 'z', nothing: '' }))).toEqual([
      'nothing',
      'start',
      'severity',
      'metric',
    ]);
  });
});

describe('pages and cursors', () => {
  const filter = { project: 'default', types: ['error'] };
  const after = { timestamp: Date.UTC(2023, 11, 1), id: '550e8400-e29b-41d4-a716-446655440000' };
  const cursor = formatEventCursor({ order: 'asc', page: 7, after }, filter);

  it('reads pages by number up to a depth, and then tells of the cursor', () => {
    expect(list({ page: 101, limit: 1000 }).query.offset).toBe(100_000);
    const error = refusal(() => list({ page: 102, limit: 1000 }));
    expect(error.details.field).toBe('page');
    expect(error.message).toContain('cursor');
  });

  it('goes on where a cursor says', () => {
    expect(list({ type: ['error'], cursor, limit: 10 })).toEqual({
      page: 7,
      query: { filter, order: 'asc', limit: 10, after },
    });
    expect(list({ type: ['error'], cursor, order: 'asc', page: 1 }).query.after).toEqual(after);
  });

  it('refuses a cursor of another query', () => {
    for (const query of [
      { type: ['metric'] },
      {},
      { type: ['error'], user_id: ['a'] },
      { type: ['error'], order: 'desc' },
      { type: ['error'], 'data.a': '1' },
    ])
      expect(refusedFields(() => list({ ...query, cursor }))).toEqual(['cursor']);
    expect(refusedFields(() => parseListQuery({ type: ['error'], cursor }, 'another'))).toEqual(['cursor']);
    expect(refusedFields(() => list({ type: ['error'], cursor, page: 2 }))).toEqual(['page']);
  });

  it('refuses a cursor that was changed', () => {
    fc.assert(
      fc.property(fc.nat({ max: cursor.length - 1 }), fc.constantFrom('A', 'z', '_', '=', ''), (at, put) => {
        const changed = cursor.slice(0, at) + put + cursor.slice(at + 1);
        fc.pre(changed !== cursor);
        try {
          // Another position of the same query is harmless; anything else is refused.
          expect(list({ type: ['error'], cursor: changed }).query.filter).toEqual(filter);
        } catch (error) {
          expect(error).toBeInstanceOf(StreamFlowError);
        }
      }),
    );
  });

  it('carries any position and is the same whatever the order of the values', () => {
    fc.assert(
      fc.property(
        fc.uuid(),
        fc.integer({ min: Date.UTC(1900, 0, 1), max: Date.UTC(2299, 11, 31) }),
        fc.integer({ min: 1, max: 1_000_000 }),
        fc.constantFrom('asc' as const, 'desc' as const),
        fc.uniqueArray(
          fc.string({ minLength: 1 }).filter((text) => !text.includes('\0')),
          {
            minLength: 1,
            maxLength: 5,
          },
        ),
        (id, timestamp, page, order, users) => {
          const text = formatEventCursor(
            { order, page, after: { timestamp, id } },
            { project: 'default', userIds: users },
          );
          const read = list({ cursor: text, user_id: [...users].reverse() });
          expect([read.page, read.query.order, read.query.after]).toEqual([page, order, { timestamp, id }]);
        },
      ),
    );
  });
});

describe('aggregations', () => {
  it('reads metric, field, groups, interval and limit', () => {
    expect(
      aggregate({
        metric: 'p95',
        field: 'data.duration',
        group_by: ['type,data."a,\\"b".c'],
        interval: '5m',
        limit: '7',
      }),
    ).toEqual({
      filter: { project: 'default' },
      metric: 'p95',
      field: ['duration'],
      groupBy: [
        { kind: 'field', field: 'type' },
        { kind: 'property', path: ['a,"b', 'c'] },
      ],
      interval: 300_000,
      limit: 7,
    });
    expect(aggregate({})).toEqual({
      filter: { project: 'default' },
      metric: 'count',
      groupBy: [],
      limit: 100,
    });
  });

  it('groups by every event field that is one value, and by tags under either name', () => {
    const single = Object.keys(Event.properties).filter(
      (name) => !['data', 'metadata', 'tags'].includes(name),
    );
    for (const field of single)
      expect(aggregate({ group_by: field }).groupBy).toEqual([{ kind: 'field', field }]);
    for (const name of ['tag', 'tags'])
      expect(aggregate({ group_by: name }).groupBy).toEqual([{ kind: 'field', field: 'tag' }]);
  });

  const day = { start: '2023-12-01T00:00:00Z', end: '2023-12-02T00:00:00Z' };
  it.each([
    ['an unknown metric', { metric: 'median' }, 'metric'],
    ['a metric without its field', { metric: 'sum' }, 'field'],
    ['a field without need', { metric: 'count', field: 'data.a' }, 'field'],
    ['a field that is no property', { metric: 'sum', field: 'user_id' }, 'field'],
    ['a group that is no field', { group_by: 'time' }, 'group_by'],
    ['a group of objects', { group_by: 'data' }, 'group_by'],
    ['tags under both of their names', { group_by: 'tag,tags' }, 'group_by'],
    ['a group path that is none', { group_by: 'data.a b' }, 'group_by'],
    ['three groups', { group_by: ['type', 'source', 'severity'] }, 'group_by'],
    ['three groups by commas', { group_by: ['type,source', 'severity'] }, 'group_by'],
    ['a group twice', { group_by: ['data.a', 'data."a"'] }, 'group_by'],
    ['an interval of nothing', { interval: '0s' }, 'interval'],
    ['an interval of weeks', { interval: '1w' }, 'interval'],
    ['too many points', { ...day, interval: '8s' }, 'interval'],
    ['too many values', { ...day, interval: '1m', group_by: ['type'], limit: '1000' }, 'limit'],
    ['groups beyond the limit', { group_by: ['type'], limit: '1001' }, 'limit'],
  ])('refuses %s', (_what, query, field) => {
    expect(refusedFields(() => aggregate(query))).toEqual([field]);
  });

  it('counts the points that a range touches, not its length', () => {
    // 10,000 s that begin in the middle of a second touch 10,001.
    const start = Date.UTC(2023, 11, 1);
    const range = (from: number) => ({
      start: formatTimestamp(from),
      end: formatTimestamp(from + 10_000_000),
      interval: '1s',
    });
    expect(aggregate(range(start)).interval).toBe(1000);
    expect(refusedFields(() => aggregate(range(start + 500)))).toEqual(['interval']);
  });
});

describe('whatever is asked', () => {
  const name = fc.oneof(
    fc.constantFrom(
      'start',
      'end',
      'type',
      'severity',
      'user_id',
      'tag',
      'order',
      'page',
      'limit',
      'cursor',
      'metric',
      'field',
      'group_by',
      'interval',
      'format',
    ),
    fc.string(),
    fc.string().map((text) => `data.${text}`),
  );
  const value = fc.oneof(fc.string(), fc.array(fc.string(), { maxLength: 60 }), fc.integer());

  it('is read or refused with a field, never anything else', () => {
    fc.assert(
      fc.property(fc.dictionary(name, value), (query) => {
        for (const parse of [list, aggregate, exported]) {
          try {
            parse(query);
          } catch (error) {
            if (!(error instanceof StreamFlowError)) throw error;
            expect(error.code).toBe('ValidationError');
            expect(error.details.field).toEqual(expect.any(String));
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is read fast, also when it is made to be slow', () => {
    const started = performance.now();
    for (const text of [','.repeat(16_000), '"'.repeat(16_000), `data.${'"\\'.repeat(8_000)}`]) {
      refusal(() => aggregate({ group_by: text }));
      refusal(() => list({ [`data.${text}`]: '1' }));
    }
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
