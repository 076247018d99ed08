import type { EventFilter } from '../../../domain/queries/event-query.ts';
import type { Intervals } from '../../../domain/time/intervals.ts';

export interface SliceSizes {
  /** Events that one statement should meet. */
  readonly largest: number;
  /** Events below which another statement costs more than it saves. */
  readonly smallest: number;
  /** Statements at a time, one thread each. */
  readonly atOnce: number;
}

/** A million events are some tens of megabytes of users. */
export const defaultSliceSizes: SliceSizes = { largest: 1_000_000, smallest: 100_000, atOnce: 2 };

/**
 * Parts the time of a filter at its intervals into slices with about as many of the `events` each, as far as they are
 * spread evenly. One slice, the filter itself, where the time is not bounded, for few events, and where the intervals
 * are too long for slices that fit into memory.
 */
export function sliceFilter(
  filter: EventFilter,
  interval: Intervals,
  events: number,
  sizes: SliceSizes,
): readonly EventFilter[] {
  const { start, end } = filter;
  if (start === undefined || end === undefined) return [filter];
  const first = typeof interval === 'number' ? Math.floor(start / interval) : 0;
  const intervals = typeof interval === 'number' ? Math.ceil(end / interval) - first : interval.length - 1;
  const wanted = Math.max(
    Math.ceil(events / sizes.largest),
    Math.min(sizes.atOnce, Math.floor(events / sizes.smallest)),
  );
  const count = Math.min(intervals, wanted);
  if (count < 2 || events / count > 2 * sizes.largest) return [filter];
  const edge = (slice: number): number => {
    const n = first + Math.floor((intervals * slice) / count);
    return typeof interval === 'number' ? n * interval : (interval[n] ?? end);
  };
  return Array.from({ length: count }, (_, slice) => ({
    ...filter,
    start: slice === 0 ? start : edge(slice),
    end: slice === count - 1 ? end : edge(slice + 1),
  }));
}
