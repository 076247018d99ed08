import { expect, it } from 'vitest';
import { completionsOf, wordAt } from './completions.ts';

const offered = (text: string, caret = text.length): string[] =>
  completionsOf(text, caret).map((each) => each.text);

it('offers what the word before the caret may become', () => {
  expect(offered('err')).toEqual(['error_rate', 'error_count']);
  expect(offered('error_rate > 0.05 && act')).toEqual(['active_users', 'active_sessions']);
  expect(offered('thr > 3', 3)).toEqual(['threshold']);
  expect(wordAt('a + err > 1', 7)).toEqual({ start: 4, word: 'err' });
});

it('offers what else is known', () => {
  const known = [{ text: 'checkout_value', meaning: 'EUR' }];
  expect(completionsOf('chec', 4, known)).toEqual(known);
});

it('offers nothing for a whole word, between words, and within quotes', () => {
  expect(offered('error_rate')).toEqual([]);
  expect(offered('error_rate ')).toEqual([]);
  expect(offered('count(event.type == "err')).toEqual([]);
});
