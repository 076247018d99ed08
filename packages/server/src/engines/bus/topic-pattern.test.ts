import fc from 'fast-check';
import { expect, test } from 'vitest';
import { topicMatcher } from './topic-pattern.ts';

test.each([
  ['analytics.web', 'analytics.web', true],
  ['analytics.web', 'analytics.webs', false],
  ['analytics.*', 'analytics.web', true],
  ['analytics.*', 'analytics', false],
  ['analytics.*', 'analytics.web.1m', false],
  ['analytics.#', 'analytics', true],
  ['analytics.#', 'analytics.web.1m', true],
  ['#', '', true],
  ['#', 'any.thing', true],
  ['*', '', false],
  ['#.1m', 'analytics.web.1m', true],
  ['#.1m', '1m', true],
  ['#.1m', 'analytics.1m.web', false],
  ['a.#.c.*', 'a.b.c.b.c.d', true],
  ['a.#.c.*', 'a.c', false],
  ['#.#', 'a', true],
])('%s and %s: %s', (pattern, routingKey, expected) => {
  expect(topicMatcher(pattern)(routingKey)).toBe(expected);
});

test('agrees with the definition by recursion', () => {
  const defined = (pattern: readonly string[], words: readonly string[]): boolean => {
    const [first, ...rest] = pattern;
    if (first === undefined) return words.length === 0;
    if (first === '#') return defined(rest, words) || (words.length > 0 && defined(pattern, words.slice(1)));
    return words.length > 0 && (first === '*' || first === words[0]) && defined(rest, words.slice(1));
  };
  const pattern = fc.array(fc.constantFrom('a', 'b', '*', '#'), { minLength: 1, maxLength: 6 });
  const words = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(pattern, words, (pattern, words) => {
      expect(topicMatcher(pattern.join('.'))(words.join('.'))).toBe(defined(pattern, words));
    }),
    { seed: 1, numRuns: 3000 },
  );
});
