/** How long events are kept, by their timestamp. */
export interface Retention {
  /** Milliseconds since the epoch: events before go. Null keeps all that `types` does not name. */
  readonly before: number | null;
  /**
   * The same for types that are kept shorter or longer than the others, by type or `prefix.*`; null keeps them for ever.
   * A type by itself goes before a prefix, and a longer prefix before a shorter one.
   */
  readonly types?: Readonly<Record<string, number | null>>;
}

export const dayMs = 86_400_000;

/** What is older than that goes by whole days in UTC: a day goes when all of it is old enough. */
const wholeDays = (time: number | null): number | null =>
  time === null ? null : Math.floor(time / dayMs) * dayMs;

/** The first moment of which events of a type are kept; null when all are. */
export function keptFrom({ before, types = {} }: Retention, type: string): number | null {
  for (const pattern of patternsOf(type)) {
    const limit = Object.hasOwn(types, pattern) ? types[pattern] : undefined;
    if (limit !== undefined) return wholeDays(limit);
  }
  return wholeDays(before);
}

/** The first moment of which events of every type are kept; null when nothing ever goes. */
export function allKeptFrom({ before, types = {} }: Retention): number | null {
  const limits = [before, ...Object.values(types)].flatMap((limit) => limit ?? []);
  return limits.length === 0 ? null : wholeDays(Math.max(...limits));
}

/** Whatever may name a type, the most particular first: `a.b.c`, `a.b.*`, `a.*`. */
function patternsOf(type: string): string[] {
  const patterns = [type];
  for (let dot = type.lastIndexOf('.'); dot > 0; dot = type.lastIndexOf('.', dot - 1))
    patterns.push(`${type.slice(0, dot)}.*`);
  return patterns;
}
