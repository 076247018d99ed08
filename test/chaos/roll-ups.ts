import type { StoredEvents } from './read-back.ts';

/** What the API counts must be what the rows are: the engine may answer from totals that it keeps. */
export function compareCounts(stored: StoredEvents, counted: ReadonlyMap<string, number>): readonly string[] {
  const rows = new Map<string, number>();
  for (const { type, times } of stored.values()) rows.set(type, (rows.get(type) ?? 0) + times);
  return [...new Set([...rows.keys(), ...counted.keys()])].flatMap((type) => {
    const [there, told] = [rows.get(type) ?? 0, counted.get(type) ?? 0];
    return there === told ? [] : [`${told} events of type ${type} by the totals, ${there} by the rows`];
  });
}
