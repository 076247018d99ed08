/** Metrics that a text in the Prometheus format has, with the names that their samples have. */
export function exportedNames(text: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [, name, type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    if (name === undefined) continue;
    if (type === 'histogram' || type === 'summary')
      for (const suffix of ['_bucket', '_sum', '_count']) names.add(name + suffix);
    if (type !== 'histogram') names.add(name);
  }
  return names;
}

/** Metrics that a query asks for: our own, those of Node and of the process, and what rules record. */
export const queriedNames = (query: string): readonly string[] =>
  query.match(/\b(?:streamflow[_:]|nodejs_|process_)[a-z0-9_:]+/g) ?? [];
