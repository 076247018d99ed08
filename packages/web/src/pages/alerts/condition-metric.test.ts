import { expect, it } from 'vitest';
import { drawnCondition, durationMs } from './condition-metric.ts';

it('finds the metric and the limit of a condition that is one comparison', () => {
  expect(drawnCondition('error_rate > 0.05', 9)).toEqual({
    metric: 'error_rate',
    unit: 'ratio',
    limit: 0.05,
  });
  expect(drawnCondition(' p95(response_time) >= threshold ', 2)).toEqual({
    metric: 'response_time_p95',
    unit: 'seconds',
    limit: 2,
  });
  expect(drawnCondition('errors', 3)).toEqual({ metric: 'error_count', unit: 'count', limit: 3 });
});

it.each([
  '',
  'error_rate > ',
  'error_rate > 0.05 && errors > 3',
  'constructor > 3',
  'orders > 3',
  'max(response_time) > 3',
  'count(event.type == "error") > 3',
])('draws nothing for: %s', (condition) => {
  expect(drawnCondition(condition, 1)).toBeNull();
});

it('reads lengths of time', () => {
  expect(['30s', '5m', '24h', '1d', '', '5', 'm', '5w'].map(durationMs)).toEqual([
    30_000,
    300_000,
    86_400_000,
    86_400_000,
    null,
    null,
    null,
    null,
  ]);
});
