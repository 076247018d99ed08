/** Whether a routing key matches a topic pattern: `*` stands for one word, `#` for any number of words. */
export function topicMatcher(pattern: string): (routingKey: string) => boolean {
  if (!pattern.includes('*') && !pattern.includes('#')) return (routingKey) => routingKey === pattern;
  const words = pattern.split('.');
  return (routingKey) => matches(words, routingKey === '' ? [] : routingKey.split('.'));
}

function matches(pattern: readonly string[], words: readonly string[]): boolean {
  // Position in `words` and in `pattern` after the last `#`, for another try with one word more under it.
  let retryWord = -1;
  let retryPattern = -1;
  let word = 0;
  let at = 0;
  while (word < words.length) {
    const expected = pattern[at];
    if (expected === '#') {
      retryPattern = ++at;
      retryWord = word;
    } else if (expected !== undefined && (expected === '*' || expected === words[word])) {
      at++;
      word++;
    } else if (retryPattern >= 0) {
      at = retryPattern;
      word = ++retryWord;
    } else {
      return false;
    }
  }
  while (pattern[at] === '#') at++;
  return at === pattern.length;
}
