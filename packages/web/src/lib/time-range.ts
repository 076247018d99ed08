/** Either the time before now, or between two times (milliseconds since the epoch). */
export type TimeRange =
  | { readonly kind: 'last'; readonly name: string; readonly ms: number }
  | { readonly kind: 'between'; readonly start: number; readonly end: number };

export interface Interval {
  /** As the API takes it: `30s`, `5m`. */
  readonly text: string;
  readonly ms: number;
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;

export const ranges = [
  { name: '5m', label: '5 minutes', ms: 5 * minute },
  { name: '15m', label: '15 minutes', ms: 15 * minute },
  { name: '1h', label: '1 hour', ms: hour },
  { name: '6h', label: '6 hours', ms: 6 * hour },
  { name: '24h', label: '24 hours', ms: day },
  { name: '7d', label: '7 days', ms: 7 * day },
  { name: '30d', label: '30 days', ms: 30 * day },
] as const;
export const defaultRange: TimeRange = { kind: 'last', name: '1h', ms: hour };

const intervals: readonly Interval[] = (
  [
    ['1s', second],
    ['5s', 5 * second],
    ['10s', 10 * second],
    ['15s', 15 * second],
    ['30s', 30 * second],
    ['1m', minute],
    ['5m', 5 * minute],
    ['10m', 10 * minute],
    ['15m', 15 * minute],
    ['30m', 30 * minute],
    ['1h', hour],
    ['2h', 2 * hour],
    ['6h', 6 * hour],
    ['12h', 12 * hour],
    ['1d', day],
    ['7d', 7 * day],
    ['30d', 30 * day],
  ] as const
).map(([text, ms]) => ({ text, ms }));
const longestInterval: Interval = { text: '30d', ms: 30 * day };

/** The shortest usual interval of which at most `points` fit, and not below `atLeast`. */
export const intervalFor = (spanMs: number, points = 90, atLeast = second): Interval =>
  intervals.find(({ ms }) => ms >= atLeast && spanMs / ms <= points) ?? longestInterval;

/** A relative range ends with the last whole second, so that the same second asks the same question. */
export function resolveRange(
  range: TimeRange,
  now: number,
): { readonly start: number; readonly end: number } {
  if (range.kind === 'between') return { start: range.start, end: range.end };
  const end = Math.ceil(now / second) * second;
  return { start: end - range.ms, end };
}

export const spanOf = (range: TimeRange): number =>
  range.kind === 'last' ? range.ms : range.end - range.start;

/** How often what is shown of a range is read again, milliseconds; false where it cannot change any more. */
export function refreshOf(range: TimeRange, now: number): number | false {
  if (range.kind === 'between') return range.end > now ? 15_000 : false;
  if (range.ms <= 15 * minute) return 10_000;
  return range.ms <= day ? 20_000 : 60_000;
}

/** The starts of all intervals that touch the range: answers leave out those in which nothing happened. */
export function intervalStarts(start: number, end: number, step: number): number[] {
  const first = Math.floor(start / step) * step;
  return Array.from({ length: Math.max(0, Math.ceil((end - first) / step)) }, (_, at) => first + at * step);
}
