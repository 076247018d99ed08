import { alertRuleDefaults, type Event } from '@streamflow/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GroupState } from '../../domain/alert-rules/group-state.ts';
import { stepRule } from '../../domain/alert-rules/rule-step.ts';
import { compileDefinition, type MeasuredDefinition } from '../../domain/metrics/defined-metric.ts';
import { EventFold } from '../../domain/metrics/event-fold.ts';
import { MetricRings } from '../../domain/metrics/metric-rings.ts';
import { begin, project } from './alerting.fixture.ts';
import { previewRule } from './preview.ts';
import { storedEvents } from './preview-events.fixture.ts';
import { openRuleBook, type ReadyRule } from './rule-book.ts';
import { createReadings } from './rule-readings.ts';

const maxTagValues = 100;
const definitions: MeasuredDefinition[] = [
  {
    name: 'sales',
    type: 'counter',
    filter: 'event.type == "order"',
    value: 'event.data.amount',
    group_by: { source: 'event.source' },
  },
  { name: 'level', type: 'gauge', filter: null, value: 'event.data.amount', group_by: {} },
  { name: 'wait', type: 'timer', filter: 'event.source == "api"', value: 'event.data.amount', group_by: {} },
];
const defined = { list: async () => definitions, count: async () => {} };

const moments = fc.array(
  fc.record({
    millisecond: fc.integer({ min: -20_000, max: 119_999 }),
    type: fc.constantFrom('error', 'order', 'api.response', 'page'),
    source: fc.constantFrom('api', 'web', 'app'),
    user_id: fc.constantFrom('ann', 'bob', 'eve', null),
    session_id: fc.constantFrom('s1', 's2', null),
    data: fc.record(
      {
        amount: fc.integer({ min: 1, max: 20 }),
        response_time: fc.double({ min: 0.01, max: 3, noNaN: true }),
        status: fc.constantFrom(200, 503),
      },
      { requiredKeys: [] },
    ),
  }),
  { minLength: 60, maxLength: 160, size: 'max' },
);

const eventsOf = (list: typeof moments extends fc.Arbitrary<infer T> ? T : never): Event[] =>
  list
    .map(({ millisecond, ...rest }, n) => {
      const timestamp = new Date(begin + millisecond).toISOString();
      return {
        id: `event-${n}`,
        severity: 'low' as const,
        correlation_id: null,
        tags: [],
        metadata: {},
        ...rest,
        timestamp,
        received_at: timestamp,
      };
    })
    .sort((a, b) => a.timestamp.localeCompare(b.timestamp));

/** What an evaluator that follows the live metrics would have told. */
function happensLive(rule: ReadyRule, events: readonly Event[]): string[] {
  const counts = [...rule.condition.counts, ...(rule.resolveCondition?.counts ?? [])].map(
    ({ metric, filter }): MeasuredDefinition => ({
      name: metric,
      type: 'counter',
      filter,
      value: null,
      group_by: {},
    }),
  );
  const compiled = [...definitions, ...counts].map((definition) => {
    const made = compileDefinition(definition);
    if ('issues' in made) throw new Error(JSON.stringify(made.issues));
    return made.metric;
  });
  const fold = new EventFold({ maxTagValues, definitions: () => compiled });
  for (const event of events) fold.add(project, event, Date.parse(event.timestamp));
  const rings = new MetricRings(maxTagValues);
  rings.add(project, fold.take().get(project) ?? []);
  const live = { read: rings.read.bind(rings) };
  const happened: string[] = [];
  const states = new Map<string, GroupState>();
  for (let at = begin + 1000; at <= begin + 120_000; at += 1000) {
    const step = stepRule({
      timing: rule.timing,
      states,
      readings: createReadings(live, project, at)(rule),
      at,
      silenced: () => false,
      newId: () => 'a',
    });
    for (const [group, state] of step.states)
      if (state === null) states.delete(group);
      else states.set(group, state);
    for (const { kind, alerts } of step.notices)
      for (const { group } of alerts) happened.push(`${new Date(at).toISOString()} ${kind} ${group}`);
  }
  return happened;
}

const signal = new AbortController().signal;
const none = async (): Promise<void> => {};

describe('a preview', () => {
  it.each([
    ['errors > 2', []],
    ['error_rate > 0.4', []],
    ['error_rate > 0.4', ['source']],
    ['errors > 1 && events_total < 9', ['type', 'source']],
    ['change(events_total, "20s") > 0.5', []],
    ['events_per_second', []],
    ['response_time_avg > 1', []],
    ['sum(response_time) > 4', []],
    ['response_time_avg > 1', ['source']],
    ['p95(response_time) > 1.5 && events > 3', []],
    ['response_time_p50 > 1', ['source']],
    ['active_users > 2', []],
    ['change(active_sessions, "10s") > 0.4', []],
    ['count(event.type == "error" && event.source == "api") > 1', []],
    ['count(event.source == "web" || event.data.status == 503) > 2', []],
    ['sales > 30', []],
    ['sales > 15', ['source']],
    ['level > 15', []],
    ['p90(wait) > 10', []],
  ])('of %s by %j says what then happens live on the same events', async (condition, groupBy) => {
    const book = await openRuleBook(project, defined);
    let told = 0;
    await fc.assert(
      fc.asyncProperty(
        moments,
        fc.constantFrom('0s', '5s'),
        fc.constantFrom('0s', '10s'),
        fc.constantFrom('ok' as const, 'alert' as const, 'keep' as const),
        async (list, wait, keep, onNoData) => {
          const events = eventsOf(list);
          const rule = book.read('id', {
            ...alertRuleDefaults,
            name: 'r',
            condition,
            window: '10s',
            for: wait,
            keep_firing_for: keep,
            on_no_data: onNoData,
            group_by: groupBy,
            channels: ['webhook'],
            threshold: 0.5,
          });
          const preview = await previewRule(
            { events: storedEvents(events), definitions, maxTagValues },
            rule,
            { project, from: begin, to: begin + 120_000 },
            signal,
            none,
          );
          told += preview.notifications.length;
          const said = preview.notifications.map(
            ({ at, kind, alert }) => `${at} ${kind} ${JSON.stringify(groupBy.map((tag) => alert[tag]))}`,
          );
          // Groups of which something is told at the same moment have no order.
          expect(said.sort()).toEqual(happensLive(rule, events).sort());
        },
      ),
      { numRuns: 15 },
    );
    expect(told).toBeGreaterThan(20);
  });

  it('reads one by one only events of the types that can count, and refuses too many of them', async () => {
    const book = await openRuleBook(project, defined);
    const rule = (condition: string) =>
      book.read('id', { ...alertRuleDefaults, name: 'r', condition, channels: ['webhook'] });
    const asked: unknown[] = [];
    const events = (total: number) => ({
      history: () => Promise.reject(new Error('not asked')),
      aggregate: async () => ({ aggregations: {}, total, period: { start: null, end: null } }),
      async *export({ filter }: { filter: { types?: readonly string[] } }) {
        asked.push(filter.types);
        yield [];
      },
    });
    const preview = (condition: string, total: number) =>
      previewRule(
        { events: events(total), definitions, maxTagValues },
        rule(condition),
        { project, from: begin, to: begin + 3_600_000 },
        signal,
        none,
      );
    await preview(
      'count(event.type in ["error", "page"] && event.source == "api") > 1 || sales > 3',
      500_000,
    );
    await preview('count(event.source == "api") > 1', 1);
    await preview('count(event.type == "error") > 1 && active_users > 3', 1);
    expect(asked).toEqual([['metric', 'order', 'error', 'page'], undefined, undefined]);
    await expect(preview('p95(response_time) > 1', 500_001)).rejects.toMatchObject({
      code: 'ValidationError',
      details: { field: 'from' },
      message: expect.stringMatching(/reads every event.*500001 events.*at most 500000/),
    });
  });

  it('knows groups, and takes larger steps over a long time', async () => {
    const book = await openRuleBook(project, defined);
    const rule = book.read('id', {
      ...alertRuleDefaults,
      name: 'r',
      condition: 'events_total > 5',
      group_by: ['source'],
      channels: ['webhook'],
    });
    const at = (minutes: number) => new Date(begin + minutes * 60_000).toISOString();
    const preview = await previewRule(
      {
        definitions,
        maxTagValues,
        events: {
          history: () => Promise.reject(new Error('not asked')),
          async *export() {},
          aggregate: async ({ interval, groupBy }) => {
            expect([interval, groupBy]).toEqual([60_000, [{ kind: 'field', field: 'source' }]]);
            return {
              aggregations: {},
              total: 0,
              period: { start: null, end: null },
              series: [
                { timestamp: at(10), aggregations: { api: 6, web: 5 }, total: 11 },
                { timestamp: at(12), aggregations: { web: 1 }, total: 1 },
              ],
            };
          },
        },
      },
      rule,
      { project, from: begin, to: begin + 30 * 86_400_000 },
      signal,
      none,
    );
    expect(preview).toMatchObject({
      step: '60s',
      firings: [
        { from: at(11), to: at(16), group: { source: 'api' }, peak: 6 },
        { from: at(13), to: at(16), group: { source: 'web' }, peak: 6 },
      ],
    });
  });
});
