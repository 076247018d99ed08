import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileExpression } from '../metrics/expressions.ts';
import type { MetricValue } from '../metrics/live-metrics.ts';
import { type ConditionRead, ExpressionError } from './condition.ts';
import { createExpressions, expressionLimits } from './environment.ts';
import { builtInMetrics, definedMetric } from './metric-catalogue.ts';

const expressions = createExpressions({
  metrics: new Map([
    ...builtInMetrics,
    ['checkout.value', definedMetric('checkout.value', 'counter')],
    ['queue', definedMetric('queue', 'gauge')],
  ]),
  hash: (text) => `${text.length}`,
});
const minute = 60_000;

const values = (...numbers: readonly number[]): MetricValue => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return {
    count: numbers.length,
    sum: numbers.reduce((sum, each) => sum + each, 0),
    min: sorted[0] ?? null,
    max: sorted.at(-1) ?? null,
    last: numbers.at(-1) ?? null,
    unique: new Set(numbers).size,
    quantile: (q) => sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? null,
  };
};
const times = (count: number): MetricValue => values(...Array.from({ length: count }, () => 1));

/** What was measured by metric, and by `metric@ms` for so long ago. */
const evaluate = (text: string, measured: Readonly<Record<string, MetricValue>>, threshold = 0.5) =>
  expressions
    .compile(text)
    .evaluate(
      ({ metric, agoMs }: ConditionRead) => measured[agoMs === 0 ? metric : `${metric}@${agoMs}`] ?? null,
      { threshold, windowMs: minute },
    );

describe('a condition', () => {
  it.each([
    ['error_rate > 0.05', { error_count: times(6), events_total: times(100) }, true, 0.06],
    ['error_rate > 0.05', { error_count: times(5), events_total: times(100) }, false, 0.05],
    ['events_per_second > 10', { events_total: times(601) }, true, 601 / 60],
    [
      'p95(response_time) > threshold && events_per_second > 1',
      { response_time: values(0.1, 0.9), events_total: times(61) },
      true,
      61 / 60,
    ],
    ['max(response_time) - min(response_time) == 1', { response_time: values(1, 2) }, true, 2],
    [
      'change(events_total, "1h") < -0.5',
      { events_total: times(4), 'events_total@3600000': times(10) },
      true,
      -0.6,
    ],
    ['count(events) * 2 >= 4', { events_total: times(2) }, true, 2],
    ['active_users > 2', { active_users: values(1, 2, 3, 3) }, true, 3],
    ['metric("checkout.value") > 10', { 'checkout.value': values(5, 6) }, true, 11],
    ['queue < 3', { queue: values(9, 2) }, true, 2],
    ['errors > 1 ? true : false', { error_count: times(2) }, true, 2],
    ['events_total == 0', {}, true, 0],
  ])('%s', (text, measured, holds, value) => {
    const verdict = evaluate(text, measured);
    expect(verdict.holds).toBe(holds);
    expect(verdict.value).toBeCloseTo(value, 9);
  });

  it('compares with the threshold when it is a number alone', () => {
    expect(evaluate('response_time_p95', { response_time: values(0.6) })).toEqual({
      holds: true,
      value: 0.6,
    });
    expect(evaluate('errors / 2', { error_count: times(1) })).toEqual({ holds: false, value: 0.5 });
  });

  it('knows nothing where nothing was measured, unless the rest decides', () => {
    expect(evaluate('p95(response_time) > 1', {}).holds).toBeNull();
    expect(evaluate('error_rate > 0.1', {}).holds).toBeNull();
    expect(evaluate('change(events_total, "1h") > 1', { events_total: times(3) }).holds).toBeNull();
    expect(evaluate('events_total > 5 && p95(response_time) > 1', {}).holds).toBe(false);
    expect(evaluate('p95(response_time) > 1 || events_total == 0', {}).holds).toBe(true);
    expect(evaluate('response_time > 1 || events_total == 0', {}).holds).toBe(true);
  });

  it('counts events by a filter, through a metric of its own', () => {
    const condition = expressions.compile('count(event.type == "error" && event.source == "api") > 20');
    expect(condition.counts).toEqual([
      { metric: 'rule_events_46', filter: 'event.type == "error" && event.source == "api"', tags: [] },
    ]);
    expect(condition.reads).toEqual([{ metric: 'rule_events_46', agoMs: 0 }]);
    expect(evaluate(condition.text, { rule_events_46: times(21) }).holds).toBe(true);
  });

  it('parts what it counts by tags, by another metric for other tags', () => {
    const counted = (groupBy: readonly string[]) =>
      expressions.compile('count(event.type == "error") > 20', groupBy).counts;
    const [bySource] = counted(['source', 'type']);
    expect(bySource?.tags).toEqual(['source', 'type']);
    expect(counted(['type', 'source'])).toEqual([bySource]);
    expect(counted([])[0]?.metric).not.toBe(bySource?.metric);
  });

  it.each([
    '(event.type == "error" || event.type == "crash") && event.source == "api"',
    'event.type == "error" || (event.type == "api.response" && event.source == "api")',
    'event.source in ["x)(", "("]',
  ])('counts by the whole of the filter %s, parentheses at its ends included', (filter) => {
    const { counts } = expressions.compile(`1 < count ( ${filter} ) && errors > 2`);
    expect(counts.map((counted) => counted.filter)).toEqual([filter]);
    expect(compileExpression(filter, 'condition')).toHaveProperty('expression');
  });

  it('says what it reads, each once', () => {
    const { reads } = expressions.compile('error_rate > 0.1 && errors > 2 && change(events, "5m") > 1');
    expect(reads.map(({ metric, agoMs }) => `${metric} ${agoMs}`).sort()).toEqual([
      'error_count 0',
      'events_total 0',
      'events_total 300000',
    ]);
  });

  it.each([
    ['eror_rate > 0.05', 0, /Unknown variable: eror_rate/],
    ['error_rate > "x"', 0, /no such overload: double > string/],
    ['error_rate >', 12, /Unexpected token/],
    ['p95(1 + 1) > 2', 4, /not the name of a metric/],
    ['p95(nothing) > 2', 4, /nothing is not the name of a metric/],
    ['change(errors, "soon") > 1', 15, /such as "5m"/],
    ['count(event.tipe == "error") > 1', 12, /No such key: tipe/],
    ['count(1) > 1', 6, /takes a metric or a condition/],
    ['event.type == "error"', 0, /inside count/],
    ['count(event.type == "error" && errors > 1) > 2', 31, /no part of an event/],
    ['[1].all(x, x > 0)', 0, /not available/],
    ['"a".matches("(a+)+b")', 0, /not available/],
    ['count(event.type.matches("a")) > 1', 6, /not available/],
    ['{"a": 1}["a"] > 1', 1, /maxMapEntries/],
    ['"text"', 0, /true or false, or a number/],
    [`errors > ${'1'.repeat(1000)}`, 1000, /at most 1000 characters/],
    [`${'('.repeat(40)}errors${')'.repeat(40)} > 1`, 24, /maxDepth/],
    [Array.from({ length: 60 }, () => 'errors > 1').join(' && '), 0, /maxAstNodes/],
  ])('refuses %s, saying where', (text, start, message) => {
    let thrown: unknown = null;
    try {
      expressions.compile(text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ExpressionError);
    if (!(thrown instanceof ExpressionError)) return;
    expect(thrown.message).toMatch(message);
    if (!/maxAstNodes/.test(thrown.message)) expect(thrown.start).toBe(start);
    expect(thrown.end).toBeLessThanOrEqual(text.length);
  });

  it('never fails in another way, whatever the text', () => {
    const piece = fc.constantFrom(
      'errors',
      'event',
      'p95(',
      'count(',
      ')',
      '&&',
      '>',
      '1',
      '"x"',
      '.',
      '[',
      ']',
      '?',
      ':',
      '-',
      'in',
      'change(',
      ',',
      'true',
      'metric(',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        try {
          const verdict = evaluate(pieces.join(' '), { error_count: times(2) });
          expect([true, false, null]).toContain(verdict.holds);
        } catch (error) {
          expect(error).toBeInstanceOf(ExpressionError);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('takes the longest condition in little time', () => {
    const text = Array.from({ length: 40 }, (_, index) => `errors > ${index}`).join(' && ');
    expect(text.length).toBeLessThan(expressionLimits.length);
    expect(evaluate(text, { error_count: times(100) }).holds).toBe(true);
  });
});
