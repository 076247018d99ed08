import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { countedTags } from '../domain/expressions/condition.ts';
import { compileDefinition } from '../domain/metrics/defined-metric.ts';
import { testEvent } from '../domain/metrics/live-metrics.fixture.ts';
import { metricDefinitions } from '../domain/records/metric-definitions.ts';
import { openTestRecords, type TestRecords } from '../ledger/test-records.fixture.ts';
import { createDefinedMetrics } from './defined-metrics.ts';

let records: TestRecords;
beforeEach(async () => {
  records = await openTestRecords({ now: () => 0 });
});
afterEach(() => records.close());

it.each([
  ['no tag', []],
  ['the first tags', countedTags.slice(0, 4)],
  ['the last tags', countedTags.slice(-4)],
])('counts what a condition filters by %s, with an empty text where an event has none', async (_, tags) => {
  const defined = createDefinedMetrics(records.store, randomUUID);
  const counted = { metric: 'rule_events_1', filter: 'event.type == "error"', tags };
  await defined.count('default', counted);
  await defined.count('default', counted);
  const { records: made } = await records.store.list(metricDefinitions, { project: 'default', limit: 9 });
  expect(made).toHaveLength(1);
  const [definition] = made;
  if (definition === undefined) throw new Error('Nothing was made');
  const compiled = compileDefinition(definition);
  if (!('metric' in compiled)) throw new Error(JSON.stringify(compiled.issues));
  const event = testEvent({ at: 0, type: 'error', source: 'api', session_id: 's1' });
  const values: Readonly<Record<string, string>> = {
    type: 'error',
    source: 'api',
    severity: 'medium',
    user_id: '',
    session_id: 's1',
    correlation_id: '',
  };
  const expected = Object.fromEntries(tags.map((tag) => [tag, values[tag]]));
  expect(compiled.metric.measure(event)).toEqual({ value: 1, tags: expected });
  expect(compiled.metric.measure(testEvent({ at: 0 }))).toBeNull();
});
