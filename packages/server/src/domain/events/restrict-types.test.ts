import { describe, expect, it } from 'vitest';
import type { AcceptedEvent, Normalise } from './normalise.ts';
import { restrictTypes } from './restrict-types.ts';

const receipt = { project: 'default', receivedAt: 0, receivedAtText: '', shift: 0 };
const accepted = (type: string): AcceptedEvent => ({
  id: 'i',
  type,
  label: type,
  idFromClient: false,
  line: '',
});
const all: Normalise = (input) => accepted(String(input));
const allows = (allowed: string[] | null, type: string) =>
  !('issues' in restrictTypes(all, allowed)(type, receipt));

describe('the types that a key may send', () => {
  it.each([
    [['web.click'], 'web.click', true],
    [['web.click'], 'web.clicks', false],
    [['web.*'], 'web.click', true],
    [['web.*'], 'web', false],
    [['web.*'], 'webx.click', false],
    [['a', 'b.*'], 'b.c.d', true],
    [[], 'a', false],
    [null, 'a', true],
  ])('of %j: %s is %s', (allowed, type, expected) => {
    expect(allows(allowed, type)).toBe(expected);
  });

  it('are named in the refusal, and what is wrong otherwise is told as before', () => {
    expect(restrictTypes(all, ['a'])('b', receipt)).toEqual({
      issues: [{ field: 'type', message: expect.any(String), allowed_values: ['a'] }],
    });
    const wrong = { issues: [{ field: 'source', message: 'source is missing' }] } as const;
    expect(restrictTypes(() => wrong, ['a'])('b', receipt)).toBe(wrong);
  });
});
