import { alertRuleDefaults } from '@streamflow/contracts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GroupState } from '../../domain/alert-rules/group-state.ts';
import { stepRule } from '../../domain/alert-rules/rule-step.ts';
import type { HistoryPoint } from '../../engines/event-store/port.ts';
import { begin, createTestLive, freeMetrics, project } from './alerting.fixture.ts';
import { previewRule } from './preview.ts';
import { openRuleBook } from './rule-book.ts';
import { createReadings } from './rule-readings.ts';

const events = fc.array(fc.record({ second: fc.integer({ min: 0, max: 119 }), isError: fc.boolean() }), {
  maxLength: 80,
});

describe('a preview', () => {
  it('says what then happens live on the same events', async () => {
    const book = await openRuleBook(project, freeMetrics);
    let firings = 0;
    await fc.assert(
      fc.asyncProperty(
        events,
        fc.constantFrom(
          'errors > 2',
          'error_rate > 0.4',
          'change(events_total, "20s") > 0.5',
          'events_per_second',
        ),
        fc.constantFrom('0s', '5s'),
        fc.constantFrom('0s', '10s'),
        fc.constantFrom('ok' as const, 'alert' as const, 'keep' as const),
        async (list, condition, wait, keep, onNoData) => {
          const rule = book.read('id', {
            ...alertRuleDefaults,
            name: 'r',
            condition,
            window: '10s',
            for: wait,
            keep_firing_for: keep,
            on_no_data: onNoData,
            channels: ['webhook'],
            threshold: 0.5,
          });
          const live = createTestLive();
          const points = new Map<number, { events: number; errors: number }>();
          for (const { second, isError } of list) {
            const at = begin + second * 1000;
            live.measure('events_total', at);
            if (isError) live.measure('error_count', at);
            const point = points.get(at) ?? { events: 0, errors: 0 };
            points.set(at, { events: point.events + 1, errors: point.errors + (isError ? 1 : 0) });
          }
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
            for (const { kind } of step.notices) happened.push(`${new Date(at).toISOString()} ${kind}`);
          }
          const history: HistoryPoint[] = [...points].map(([timestamp, counts]) => ({
            timestamp,
            uniqueUsers: 0,
            ...counts,
          }));
          const preview = await previewRule(
            {
              history: async () => history,
              aggregate: () => Promise.reject(new Error('not asked')),
            },
            rule,
            { project, from: begin, to: begin + 120_000 },
            new AbortController().signal,
            async () => {},
          );
          firings += preview.firings.length;
          expect(preview.notifications.map(({ at, kind }) => `${at} ${kind}`)).toEqual(happened);
        },
      ),
      { numRuns: 100 },
    );
    expect(firings).toBeGreaterThan(30);
  });

  it('knows groups, and takes larger steps over a long time', async () => {
    const book = await openRuleBook(project, freeMetrics);
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
        history: () => Promise.reject(new Error('not asked')),
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
      rule,
      { project, from: begin, to: begin + 30 * 86_400_000 },
      new AbortController().signal,
      async () => {},
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
