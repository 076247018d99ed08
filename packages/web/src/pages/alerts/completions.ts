/** What a condition can be made of. */
export interface Completion {
  readonly text: string;
  readonly meaning: string;
}

export const completions: readonly Completion[] = [
  { text: 'error_rate', meaning: 'share of errors, 0 to 1' },
  { text: 'error_count', meaning: 'errors of the window' },
  { text: 'events_total', meaning: 'events of the window' },
  { text: 'events_per_second', meaning: 'events a second' },
  { text: 'active_users', meaning: 'users of the last 5 minutes' },
  { text: 'active_sessions', meaning: 'sessions of the last 5 minutes' },
  { text: 'response_time_avg', meaning: 'seconds' },
  { text: 'response_time_p50', meaning: 'seconds' },
  { text: 'response_time_p95', meaning: 'seconds' },
  { text: 'response_time_p99', meaning: 'seconds' },
  { text: 'threshold', meaning: 'the threshold of the rule' },
  { text: 'p95(response_time)', meaning: 'a quantile of a metric' },
  { text: 'count(event.type == "error")', meaning: 'events that fit' },
  { text: 'change(events_total, "1h")', meaning: 'change against an hour ago; 0.5 is half more' },
];

/** The word that ends at the caret, and where it begins. */
export function wordAt(text: string, caret: number): { readonly start: number; readonly word: string } {
  const word = /[a-z][a-z0-9_]*$/i.exec(text.slice(0, caret))?.[0] ?? '';
  return { start: caret - word.length, word };
}

/** What the word may become; nothing once it is whole, and nothing within quotes. */
export function completionsOf(
  text: string,
  caret: number,
  known: readonly Completion[] = completions,
): readonly Completion[] {
  const { word } = wordAt(text, caret);
  const quotes = text.slice(0, caret).split('"').length - 1;
  if (word === '' || quotes % 2 === 1) return [];
  const found = known.filter((each) => each.text.startsWith(word.toLowerCase()));
  return found.some((each) => each.text === word) ? [] : found;
}
