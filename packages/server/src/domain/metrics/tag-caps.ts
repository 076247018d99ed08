import { otherTagValue } from '@streamflow/contracts';

export type Tags = Readonly<Record<string, string>>;

/** So many combinations of tag values of a metric are told apart, for each tag value that is. */
const combinationsPerValue = 3;
const separator = '\u0000';

/** Names a combination of tag values: the same for the same tags, in whatever order they stand. */
export function seriesKey(tags: Tags): string {
  const names = Object.keys(tags);
  if (names.length > 1) names.sort();
  let key = '';
  for (const name of names) key += `${name}${separator}${tags[name] ?? ''}${separator}`;
  return key;
}

/**
 * Which values of the tags of one metric are told apart: the first so many of each tag, and of their combinations. What
 * comes beyond is the value `__other__`, so that memory is bounded whatever is sent, and sums stay right.
 */
export class TagCaps {
  private readonly maxValues: number;
  private readonly values = new Map<string, Map<string, number>>();
  private readonly combinations = new Map<string, number>();

  constructor(maxValues: number) {
    this.maxValues = maxValues;
  }

  /** The tags as they are kept; the very same ones when all are told apart. `at` is the time that they are of. */
  admit(tags: Tags, at: number): Tags {
    const key = seriesKey(tags);
    if (touch(this.combinations, key, at)) return tags;
    let kept: Record<string, string> | null = null;
    for (const [name, value] of Object.entries(tags)) {
      if (this.admitValue(name, value, at)) continue;
      kept ??= { ...tags };
      kept[name] = otherTagValue;
    }
    const admitted = kept ?? tags;
    if (this.admitCombination(kept === null ? key : seriesKey(kept), at)) return admitted;
    return Object.fromEntries(Object.keys(tags).map((name) => [name, otherTagValue]));
  }

  /** Forgets what was not seen since the time, so that its place is free. */
  forget(before: number): void {
    for (const seen of [this.combinations, ...this.values.values()])
      for (const [value, at] of seen) if (at < before) seen.delete(value);
  }

  private admitValue(name: string, value: string, at: number): boolean {
    if (value === otherTagValue) return true;
    let seen = this.values.get(name);
    if (seen === undefined) {
      seen = new Map();
      this.values.set(name, seen);
    }
    return touch(seen, value, at) || place(seen, value, at, this.maxValues);
  }

  private admitCombination(key: string, at: number): boolean {
    return (
      touch(this.combinations, key, at) ||
      place(this.combinations, key, at, combinationsPerValue * this.maxValues)
    );
  }
}

function touch(seen: Map<string, number>, value: string, at: number): boolean {
  const before = seen.get(value);
  if (before === undefined) return false;
  if (at > before) seen.set(value, at);
  return true;
}

function place(seen: Map<string, number>, value: string, at: number, most: number): boolean {
  if (seen.size >= most) return false;
  seen.set(value, at);
  return true;
}
