import { StreamFlowApiError } from '@streamflow/client';
import { expect, it } from 'vitest';
import { newDraft, ruleInput } from './rule-draft.ts';
import { ruleProblem } from './rule-problem.ts';
import { trialText } from './trial-words.ts';

const firing = { from: '2024-01-01T00:00:00Z', to: '2024-01-01T00:05:00Z', group: {}, peak: 4 };
const notice = { at: '2024-01-01T00:00:00Z', kind: 'firing', channel: 'webhook', alert: {} } as const;

it('says in words what a rule would have done', () => {
  const trial = (firings: (typeof firing | { to: null })[], notices: number): string =>
    trialText({
      firings: firings.map((each) => ({ ...firing, ...each })),
      notifications: Array.from({ length: notices }, () => notice),
      step: '5s',
    });
  expect(trial([], 0)).toBe('It would never have fired.');
  expect(trial([firing], 0)).toBe('It would have fired once, with no notification.');
  expect(trial([firing, firing, firing], 5)).toBe('It would have fired 3 times, with 5 notifications.');
  expect(trial([firing, { to: null }], 1)).toContain('Some would still fire.');
});

it('says which field is wrong, and at which characters', () => {
  const refused = (details: Record<string, unknown>) =>
    ruleProblem(new StreamFlowApiError({ code: 'ValidationError', status: 422, message: 'no', details }));
  expect(refused({ field: 'condition', position: { start: 2, end: 4 } })).toEqual({
    field: 'condition',
    message: 'no',
    position: { start: 2, end: 4 },
  });
  expect(refused({ field: 'rule.group_by.0' })).toEqual({ field: 'group_by', message: 'no', position: null });
  expect(refused({})).toEqual({ field: null, message: 'no', position: null });
  expect(ruleProblem(new Error('other'))).toBeNull();
});

it('makes a rule of what the fields of the editor hold', () => {
  expect(
    ruleInput({
      ...newDraft,
      name: ' a ',
      condition: 'errors > threshold',
      threshold: '2.5',
      groupBy: 'type, source',
    }),
  ).toMatchObject({
    name: 'a',
    description: null,
    threshold: 2.5,
    group_by: ['type', 'source'],
    suppression_minutes: 0,
  });
});
